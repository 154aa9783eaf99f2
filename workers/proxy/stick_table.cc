#include "workers/proxy/stick_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cstring>
#include <utility>

#include "workers/runtime/stick_memory.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kMagic = 0x31424154'41484f4c;  // changes with the layout
// Places where an entry may lie, from its hash on.
constexpr uint32_t kWindow = 8;

}  // namespace

struct StickTable::Header {
  uint64_t magic;
  uint64_t seed;  // of the hash, so that clients cannot choose whom they displace
  uint64_t unused[6];
};

struct StickTable::Slot {
  Entry entry;
  uint64_t check;
  uint64_t unused[3];

  uint64_t ExpectedCheck() const {
    return net::Mix64(net::HashIp(entry.client, entry.server) ^ entry.expires_ms) | 1;
  }
  bool Live(uint64_t now_ms) const { return check == ExpectedCheck() && entry.expires_ms > now_ms; }
};

Result<std::unique_ptr<StickTable>> StickTable::Map(std::string name, UniqueFd memory,
                                                    uint32_t max_entries) {
  static_assert(sizeof(Header) == kStickEntryBytes && sizeof(Slot) == kStickEntryBytes);
  const auto fail = [&](const std::string& reason) {
    return Fail(Code::kInvalidArgument, "stick table \"" + name + "\": " + reason);
  };
  if (max_entries <= kWindow) return fail("max_entries is too small");
  struct stat status {};
  const int seals = fcntl(memory.get(), F_GET_SEALS);
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW;
  if (seals < 0 || (seals & kNeeded) != kNeeded) return fail("its memory is not size-sealed");
  const size_t size = StickMemoryBytes(max_entries);
  if (fstat(memory.get(), &status) != 0 || static_cast<size_t>(status.st_size) != size) {
    return fail("its memory is not of " + std::to_string(size) + " bytes");
  }
  void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return FailErrno("mmap of stick table \"" + name + "\"");
  return std::unique_ptr<StickTable>(
      new StickTable(std::move(name), std::move(memory), mapped, size, max_entries));
}

StickTable::StickTable(std::string name, UniqueFd descriptor, void* memory, size_t size,
                       uint32_t max_entries)
    : name_(std::move(name)),
      descriptor_(std::move(descriptor)),
      memory_(memory),
      size_(size),
      count_(max_entries - 1),
      slots_(static_cast<Slot*>(memory) + 1) {
  auto* const header = static_cast<Header*>(memory);
  if (header->magic != kMagic) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = reinterpret_cast<uintptr_t>(this);
    header->seed = seed;
    header->magic = kMagic;
  }
  seed_ = header->seed;
}

StickTable::~StickTable() { munmap(memory_, size_); }

// The live entry of the client; otherwise null.
StickTable::Slot* StickTable::Locate(const net::Ip& client, uint64_t now_ms) const {
  const uint64_t start = net::HashIp(client, seed_) >> 1;
  for (uint32_t i = 0; i < kWindow; ++i) {
    Slot& slot = slots_[(start + i) % count_];
    if (slot.entry.client == client && slot.Live(now_ms)) return &slot;
  }
  return nullptr;
}

void StickTable::Write(Slot& slot, const Entry& entry) {
  slot.check = 0;
  slot.entry = entry;
  slot.check = slot.ExpectedCheck();
}

std::optional<uint64_t> StickTable::Find(const net::Ip& client, uint64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  const Slot* const slot = Locate(client, now_ms);
  if (slot == nullptr) return std::nullopt;
  return slot->entry.server;
}

void StickTable::Store(const net::Ip& client, uint64_t server, uint64_t now_ms,
                       uint64_t expires_ms) {
  const std::lock_guard lock(mutex_);
  Slot* place = Locate(client, now_ms);
  if (place == nullptr) {
    const uint64_t start = net::HashIp(client, seed_) >> 1;
    uint64_t soonest = UINT64_MAX;
    place = &slots_[start % count_];
    for (uint32_t i = 0; i < kWindow; ++i) {
      Slot& slot = slots_[(start + i) % count_];
      const uint64_t expiry = slot.Live(now_ms) ? slot.entry.expires_ms : 0;
      if (expiry < soonest) {
        soonest = expiry;
        place = &slot;
      }
    }
  }
  Write(*place, {client, server, expires_ms});
}

void StickTable::Refresh(const net::Ip& client, uint64_t server, uint64_t now_ms,
                         uint64_t expires_ms) {
  const std::lock_guard lock(mutex_);
  Slot* const slot = Locate(client, now_ms);
  if (slot != nullptr && slot->entry.server == server) Write(*slot, {client, server, expires_ms});
}

uint64_t StickTable::Clear(const std::optional<net::Ip>& client, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (client) {
    Slot* const slot = Locate(*client, now_ms);
    if (slot == nullptr) return 0;
    *slot = {};
    return 1;
  }
  uint64_t cleared = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!slots_[i].Live(now_ms)) continue;  // memory that was never used stays untouched
    slots_[i] = {};
    ++cleared;
  }
  return cleared;
}

std::vector<StickTable::Entry> StickTable::List(uint64_t now_ms, size_t limit,
                                                uint64_t* total) const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  *total = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    const Slot& slot = slots_[i];
    if (!slot.Live(now_ms)) continue;
    ++*total;
    if (entries.size() < limit) entries.push_back(slot.entry);
  }
  return entries;
}

}  // namespace aloha::proxy
