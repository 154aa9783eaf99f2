// Where this node stands in the history of what both nodes share, kept in STATE_DIR/sync.textproto,
// and the stamp that it sent last, beside it in sync-sent.textproto.
#ifndef ALOHA_SUPERVISOR_PEERS_SYNC_JOURNAL_H_
#define ALOHA_SUPERVISOR_PEERS_SYNC_JOURNAL_H_

#include <cstdint>
#include <string>

#include "config/v1/config.pb.h"
#include "peer/v1/push.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Errors of all but Load tell that the file could not be written; the step has been taken all the
// same.
class SyncJournal {
 public:
  // path: ends in ".textproto".
  explicit SyncJournal(std::string path);

  // Reads what an earlier supervisor kept, and compares it with what runs now. `trusted`: what runs
  // is what an administrator wanted last, so that a difference is a change of theirs; else it is
  // what could be found after a loss, and the other node knows better. An error: the file was
  // broken, and the node begins anew.
  Result<> Load(const peer::v1::State& state, const std::string& secret, bool trusted);

  // This node's position, to be told.
  const peer::v1::Position& position() const { return record_.position(); }
  int64_t in_sync_us() const { return record_.in_sync_us(); }

  // Notes what runs now. *changed: it is another state than before, and has a new stamp; or what
  // nodes make by themselves is another.
  Result<> Note(const peer::v1::State& state, const std::string& secret, bool* changed);
  // Notes that the running configuration was saved.
  Result<> NoteSaved();

  // Before an update of the other node is taken over: after a crash in between, the node counts as
  // a fresh one, which takes what the other has.
  Result<> BeginTaking();
  // Nothing of it was.
  Result<> AbandonTaking();
  // It runs, and is saved.
  Result<> FinishTaking(const peer::v1::State& state, const std::string& secret,
                        const peer::v1::Stamp& stamp, uint64_t peer);

  // This node sends what it had under a stamp: the other may have taken it over, whatever is heard
  // of it.
  Result<> BeginSending(const peer::v1::Stamp& stamp);
  // The other node was met. Where it has what this one sent, both had that in common, though this
  // one went on meanwhile.
  Result<> Meet(const peer::v1::Position& peer);

  // Both nodes have the same.
  Result<> Agree(const peer::v1::Position& peer, int64_t now_us);
  // Makes what this node has the newer one, whatever the other has.
  Result<> Override(const peer::v1::Position& peer);
  // Begins with an identity of its own.
  Result<> Renew();

 private:
  void SetDigests(const peer::v1::State& state, const std::string& secret);
  void NextStamp();
  void See(const peer::v1::Stamp& stamp);
  Result<> Write() const;

  const std::string path_, sent_path_;
  peer::v1::SyncRecord record_;
  peer::v1::Stamp sent_;  // what this node has comes from it; counter 0: none
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_SYNC_JOURNAL_H_
