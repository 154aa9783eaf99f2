#include "supervisor/peers/sync_journal.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "supervisor/config/state_file.h"
#include "supervisor/peers/shared_state.h"

namespace aloha::supervisor {
namespace {

using peer::v1::Position;
using peer::v1::Stamp;
using peer::v1::State;

uint64_t RandomNode() {
  uint64_t node = 0;
  while (node == 0) {
    // So few bytes are never cut short, and fail only where the kernel has no such call.
    if (::getrandom(&node, sizeof node, 0) != ssize_t{sizeof node}) std::abort();
  }
  return node;
}

std::string ConfigDigest(const State& state) {
  State config;
  *config.mutable_config() = state.config();
  return DigestOf(config);
}

}  // namespace

SyncJournal::SyncJournal(std::string path)
    : path_(std::move(path)),
      sent_path_(path_.substr(0, path_.rfind(".textproto")) + "-sent.textproto") {}

Result<> SyncJournal::Load(const State& state, const std::string& secret, bool trusted) {
  Result<> read = ReadState(path_, &record_);
  const bool fresh = !read || record_.position().node() == 0;
  if (!read && read.error().code == Code::kNotFound) read = Result<>();
  if (fresh) {
    record_.Clear();
    record_.mutable_position()->set_node(RandomNode());
    // What stands in a file that somebody wrote is as good as a change.
    if (!IsUntouched(state)) NextStamp();
    SetDigests(state, secret);
    (void)Write();
    return read;
  }
  // A torn one is as good as none: the worst is a conflict that an administrator decides.
  if (!ReadState(sent_path_, &sent_)) sent_.Clear();
  Position& position = *record_.mutable_position();
  const std::string config = ConfigDigest(state);
  const bool same = DigestOf(state) == position.digest();
  if (record_.taking() || (!same && !trusted)) {
    // Nothing that anybody wanted: whatever the other has is meant.
    record_.set_taking(false);
    position.clear_stamp();
    position.clear_base();
    sent_.Clear();
  } else if (!same && config != record_.config_digest() &&
             config == record_.saved_config_digest()) {
    *position.mutable_stamp() = record_.saved_stamp();
    sent_.Clear();
    if (position.has_base()) *position.mutable_base() = record_.saved_stamp();
  } else if (!same) {
    NextStamp();
  }
  SetDigests(state, secret);
  return Write();
}

void SyncJournal::SetDigests(const State& state, const std::string& secret) {
  record_.mutable_position()->set_digest(DigestOf(state));
  record_.mutable_position()->set_own_digest(OwnDigestOf(state, secret));
  record_.set_config_digest(ConfigDigest(state));
}

void SyncJournal::NextStamp() {
  record_.set_largest_counter(record_.largest_counter() + 1);
  Stamp* stamp = record_.mutable_position()->mutable_stamp();
  stamp->set_counter(record_.largest_counter());
  stamp->set_node(record_.position().node());
}

void SyncJournal::See(const Stamp& stamp) {
  record_.set_largest_counter(std::max(record_.largest_counter(), stamp.counter()));
}

Result<> SyncJournal::Note(const State& state, const std::string& secret, bool* changed) {
  const bool another = DigestOf(state) != position().digest();
  *changed = another || OwnDigestOf(state, secret) != position().own_digest();
  if (!*changed) return {};
  if (another) NextStamp();
  SetDigests(state, secret);
  return Write();
}

Result<> SyncJournal::NoteSaved() {
  const bool same = record_.saved_config_digest() == record_.config_digest() &&
                    SameStamp(record_.saved_stamp(), position().stamp());
  if (same) return {};
  record_.set_saved_config_digest(record_.config_digest());
  *record_.mutable_saved_stamp() = position().stamp();
  return Write();
}

Result<> SyncJournal::BeginTaking() {
  record_.set_taking(true);
  return Write();
}

Result<> SyncJournal::AbandonTaking() {
  record_.set_taking(false);
  return Write();
}

Result<> SyncJournal::FinishTaking(const State& state, const std::string& secret,
                                   const Stamp& stamp, uint64_t peer) {
  record_.set_taking(false);
  See(stamp);
  Position& position = *record_.mutable_position();
  *position.mutable_stamp() = stamp;
  *position.mutable_base() = stamp;
  position.set_base_node(peer);
  SetDigests(state, secret);
  record_.set_saved_config_digest(record_.config_digest());
  *record_.mutable_saved_stamp() = stamp;
  return Write();
}

Result<> SyncJournal::BeginSending(const Stamp& stamp) {
  sent_ = stamp;
  return WriteState(sent_path_, sent_);
}

Result<> SyncJournal::Meet(const Position& peer) {
  if (sent_.counter() == 0 || !SameStamp(sent_, peer.stamp())) return {};
  Position& position = *record_.mutable_position();
  *position.mutable_base() = sent_;
  position.set_base_node(peer.node());
  sent_.Clear();
  return Write();
}

Result<> SyncJournal::Agree(const Position& peer, int64_t now_us) {
  See(peer.stamp());
  Position& position = *record_.mutable_position();
  const Stamp newer = IsOlder(position.stamp(), peer.stamp()) ? peer.stamp() : position.stamp();
  const bool same = position.has_base() && SameStamp(position.base(), newer) &&
                    position.base_node() == peer.node() && SameStamp(position.stamp(), newer);
  *position.mutable_stamp() = newer;
  *position.mutable_base() = newer;
  position.set_base_node(peer.node());
  record_.set_in_sync_us(now_us);
  return same ? Result<>() : Write();
}

Result<> SyncJournal::Override(const Position& peer) {
  See(peer.stamp());
  NextStamp();
  Position& position = *record_.mutable_position();
  *position.mutable_base() = peer.stamp();
  position.set_base_node(peer.node());
  return Write();
}

Result<> SyncJournal::Renew() {
  record_.mutable_position()->set_node(RandomNode());
  record_.mutable_position()->clear_base();
  return Write();
}

Result<> SyncJournal::Write() const { return WriteState(path_, record_); }

}  // namespace aloha::supervisor
