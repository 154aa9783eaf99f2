// Source-address persistence: which server a client belongs to.
//
// The entries lie in a memfd that the supervisor made, so they outlive this process, and the
// services that share a table agree on a client's server. Its contents are not trusted: every index
// is computed here, an entry whose check word does not fit (torn by a crash, or garbage) counts as
// empty, and the size is sealed, so that no access can fault.
#ifndef ALOHA_WORKERS_PROXY_STICK_TABLE_H_
#define ALOHA_WORKERS_PROXY_STICK_TABLE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "workers/net/address.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::proxy {

// Any thread. Times are milliseconds of CLOCK_MONOTONIC, which every process of this boot shares. A
// server is known by net::HashName of its name.
class StickTable {
 public:
  struct Entry {
    net::Ip client;
    uint64_t server = 0;
    uint64_t expires_ms = 0;
  };

  // Maps the memory, whose size and shrink and grow seals are verified. max_entries: what it was
  // made for; its first place holds the table's own data. kInvalidArgument: not such a memory.
  static Result<std::unique_ptr<StickTable>> Map(std::string name, UniqueFd memory,
                                                 uint32_t max_entries);
  ~StickTable();
  StickTable(const StickTable&) = delete;
  StickTable& operator=(const StickTable&) = delete;

  const std::string& name() const { return name_; }
  uint32_t max_entries() const { return count_ + 1; }
  // The memory's; stays the table's.
  int descriptor() const { return descriptor_.get(); }

  // The client's server, unless the entry has expired.
  std::optional<uint64_t> Find(const net::Ip& client, uint64_t now_ms) const;
  // Binds the client to a server, or binds it anew. When its places are all taken, the entry that
  // expires first makes room.
  void Store(const net::Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms);
  // Puts the expiry off, if the client is bound to this server.
  void Refresh(const net::Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms);
  // Forgets one client, or all. The number of live entries that went.
  uint64_t Clear(const std::optional<net::Ip>& client, uint64_t now_ms);
  // Live entries, in no order, at most `limit` of them. *total: how many there are.
  std::vector<Entry> List(uint64_t now_ms, size_t limit, uint64_t* total) const;

 private:
  struct Header;
  struct Slot;

  StickTable(std::string name, UniqueFd descriptor, void* memory, size_t size,
             uint32_t max_entries);
  Slot* Locate(const net::Ip& client, uint64_t now_ms) const;
  static void Write(Slot& slot, const Entry& entry);

  const std::string name_;
  const UniqueFd descriptor_;
  void* const memory_;
  const size_t size_;
  const uint32_t count_;
  Slot* const slots_;
  uint64_t seed_ = 0;
  mutable std::mutex mutex_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_STICK_TABLE_H_
