// Source-address persistence: which server a client belongs to.
//
// The entries lie in a memfd that the supervisor made, so they outlive aloha-proxy, and the
// services that share a table agree on a client's server. The supervisor maps it too: it reads what
// the other node should know, and writes what it hears from there, without a call and without a
// lock that a data thread could wait for. Its contents are not trusted: every index is computed
// here, an entry whose check word does not fit (torn by a crash, just being written, or garbage)
// counts as empty, and the size is sealed, so that no access can fault.
//
// Behind the entries lies a ring of the places that changed last, each with its number, so that
// reading what is new costs no more than there is new.
#ifndef ALOHA_WORKERS_NET_STICK_TABLE_H_
#define ALOHA_WORKERS_NET_STICK_TABLE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "workers/net/address.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {

// Any thread. Times are milliseconds of CLOCK_MONOTONIC, which every process of this boot shares. A
// server is known by HashName of its name.
class StickTable {
 public:
  struct Entry {
    Ip client;
    uint64_t server = 0;
    uint64_t expires_ms = 0;
  };

  // Maps the memory, whose size and shrink and grow seals are verified. max_entries: what it was
  // made for; a thirtieth of it holds the table's own data. kInvalidArgument: not such a memory.
  static Result<std::unique_ptr<StickTable>> Map(std::string name, UniqueFd memory,
                                                 uint32_t max_entries);
  ~StickTable();
  StickTable(const StickTable&) = delete;
  StickTable& operator=(const StickTable&) = delete;

  const std::string& name() const { return name_; }
  uint32_t max_entries() const { return max_entries_; }
  // The memory's; stays the table's.
  int descriptor() const { return descriptor_.get(); }

  // The client's server, unless the entry has expired.
  std::optional<uint64_t> Find(const Ip& client, uint64_t now_ms) const;
  // Binds the client to a server, or binds it anew. When its places are all taken, the entry that
  // expires first makes room.
  void Store(const Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms);
  // Puts the expiry off, if the client is bound to this server. It counts as a change once an
  // eighth of the time to live has passed since the last that did.
  void Refresh(const Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms);
  // Forgets one client, or all. The number of live entries that went.
  uint64_t Clear(const std::optional<Ip>& client, uint64_t now_ms);
  // Live entries, in no order, at most `limit` of them. *total: how many there are.
  std::vector<Entry> List(uint64_t now_ms, size_t limit, uint64_t* total) const;

  // How many changes there were, modulo 2^64.
  uint64_t changes() const;
  // Live entries that changed since *mark (an earlier changes(), or zero), at most `limit`; moves
  // *mark on. False: so many changed that only reading all of them tells; *mark stays.
  bool ReadChanges(uint64_t* mark, uint64_t now_ms, size_t limit,
                   std::vector<Entry>* entries) const;
  // Live entries from place *position on, at most `limit`; moves *position on. False: these were
  // the last.
  bool ReadAll(uint32_t* position, uint64_t now_ms, size_t limit,
               std::vector<Entry>* entries) const;
  // Takes an entry that the other node has, unless what is known here lives at least as long. It is
  // no change. True: taken.
  bool Merge(const Entry& entry, uint64_t now_ms);

 private:
  struct Header;
  struct Slot;
  struct Found {
    Slot* slot;
    Entry entry;
  };

  StickTable(std::string name, UniqueFd descriptor, void* memory, size_t size,
             uint32_t max_entries);
  std::optional<Found> Locate(const Ip& client, uint64_t now_ms) const;
  // Where an entry for a client that has none would lie.
  Slot& Place(const Ip& client, uint64_t now_ms) const;
  uint64_t Start(const Ip& client) const { return HashIp(client, seed_) >> 1; }
  void Tell(Slot& slot, const Entry& entry);

  const std::string name_;
  const UniqueFd descriptor_;
  void* const memory_;
  const size_t size_;
  const uint32_t max_entries_;
  const uint32_t ring_count_;  // numbers in the ring
  const uint32_t count_;       // places for entries
  Header* const header_;
  Slot* const slots_;
  uint64_t* const ring_;
  uint64_t seed_ = 0;
  mutable std::mutex mutex_;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_STICK_TABLE_H_
