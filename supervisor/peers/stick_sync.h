// Tells the other node which client belongs to which server, and takes what it tells: a take-over
// keeps persistence. Entries are read from and written to the memory of the stick tables itself,
// which this process made; see workers/net/stick_table.h.
#ifndef ALOHA_SUPERVISOR_PEERS_STICK_SYNC_H_
#define ALOHA_SUPERVISOR_PEERS_STICK_SYNC_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/v1/synchronization.pb.h"
#include "peer/v1/push.pb.h"
#include "supervisor/peers/peer_link.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/net/stick_table.h"

namespace aloha::supervisor {

// All on the control thread.
class StickSync {
 public:
  // What it works on; outlives it.
  struct Parts {
    asio::io_context& loop;
    PeerLink& link;
    std::function<const worker::v1::ProxySnapshot&()> running;
    // The memory of a table, which stays its owner's, and the number of its places.
    std::function<std::optional<std::pair<int, uint32_t>>(const std::string& table)> memory;
  };

  explicit StickSync(Parts parts);

  // Begins as soon as the other node is there.
  void Start();

  // Answers the other node.
  Result<peer::v1::PushStickEntriesResponse> Serve(
      const peer::v1::PushStickEntriesRequest& request);

  // Entries were cleared here: the other node forgets them too. Empty: every table; all clients.
  void Forget(const std::string& table, const std::string& client_address);

  void Describe(admin::v1::SyncCounters& counters) const;

 private:
  struct Table {
    std::unique_ptr<net::StickTable> entries;
    uint64_t inode = 0;       // of its memory
    uint64_t mark = 0;        // changes up to here were told
    bool all = true;          // everything is to be told, from …
    uint32_t position = 0;    // … this place on
    uint64_t not_before = 0;  // milliseconds; the other node has not got the table
  };
  // What was read, and where the table stands once it has arrived.
  struct Batch {
    std::string table;
    Table after;
    size_t entries = 0;
  };

  asio::awaitable<void> Keep();
  // False: the link has gone, or it is to be tried again later.
  asio::awaitable<bool> SendAll();
  void LookUp();
  void NoteLink();
  Table* Find(const std::string& name);
  bool Read(Table& table, std::vector<net::StickTable::Entry>* entries, Table* after) const;

  Parts parts_;
  asio::steady_timer wake_;
  std::map<std::string, Table> tables_;
  std::vector<peer::v1::StickTableEntries> forgotten_;
  bool connected_ = false;
  int64_t peer_started_us_ = 0;
  admin::v1::SyncCounters counters_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_STICK_SYNC_H_
