#include "workers/net/stick_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <utility>

#include "workers/runtime/stick_memory.h"

namespace aloha::net {
namespace {

constexpr uint64_t kMagic = 0x32424154'41484f4c;  // changes with the layout
// Places where an entry may lie, from its hash on.
constexpr uint32_t kWindow = 8;
// One place in so many is part of the ring.
constexpr uint32_t kPlacesPerRingPlace = 32;
// A refresh counts as a change after this part of the time to live.
constexpr uint64_t kRefreshParts = 8;
constexpr uint32_t kNumbersPerPlace = kStickEntryBytes / sizeof(uint64_t);

// Other processes write the same memory.
uint64_t Load(const uint64_t& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
void Set(uint64_t& word, uint64_t value) { __atomic_store_n(&word, value, __ATOMIC_RELEASE); }

uint32_t RingPlaces(uint32_t max_entries) {
  return std::max(1u, max_entries / kPlacesPerRingPlace);
}

// An entry of the ring: the low half of the change's number, and the place.
uint64_t RingNumber(uint64_t change, uint32_t place) { return change << 32 | place; }

}  // namespace

struct StickTable::Header {
  uint64_t magic;
  uint64_t seed;     // of the hash, so that clients cannot choose whom they displace
  uint64_t changes;  // number of the next change
  uint64_t used;     // 1: there may be entries
  uint64_t unused[4];
};

struct StickTable::Slot {
  std::array<uint64_t, 4> words;  // an Entry
  uint64_t check;
  uint64_t told_ms;  // the expiry that last counted as a change
  uint64_t unused[2];

  static uint64_t CheckOf(const Entry& entry) {
    return Mix64(HashIp(entry.client, entry.server) ^ entry.expires_ms) | 1;
  }
  // The entry, if it is whole and has not expired.
  std::optional<Entry> Read(uint64_t now_ms) const {
    static_assert(sizeof(Entry) == sizeof words);
    const uint64_t expected = Load(check);
    if ((expected & 1) == 0) return std::nullopt;
    std::array<uint64_t, 4> copy{};
    for (size_t i = 0; i < copy.size(); ++i) copy[i] = Load(words[i]);
    const auto entry = std::bit_cast<Entry>(copy);
    if (CheckOf(entry) != expected || entry.expires_ms <= now_ms) return std::nullopt;
    return entry;
  }
  void Write(const Entry& entry) {
    Set(check, 0);
    const auto copy = std::bit_cast<std::array<uint64_t, 4>>(entry);
    for (size_t i = 0; i < copy.size(); ++i) Set(words[i], copy[i]);
    Set(check, CheckOf(entry));
  }
  void Clear() {
    Set(check, 0);
    Set(told_ms, 0);
  }
};

Result<std::unique_ptr<StickTable>> StickTable::Map(std::string name, UniqueFd memory,
                                                    uint32_t max_entries) {
  static_assert(sizeof(Header) == kStickEntryBytes && sizeof(Slot) == kStickEntryBytes);
  const auto fail = [&](const std::string& reason) {
    return Fail(Code::kInvalidArgument, "stick table \"" + name + "\": " + reason);
  };
  if (max_entries <= kWindow + 2) return fail("max_entries is too small");
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
      max_entries_(max_entries),
      ring_count_(RingPlaces(max_entries) * kNumbersPerPlace),
      count_(max_entries - 1 - RingPlaces(max_entries)),
      header_(static_cast<Header*>(memory)),
      slots_(static_cast<Slot*>(memory) + 1),
      ring_(reinterpret_cast<uint64_t*>(slots_ + count_)) {
  if (Load(header_->magic) != kMagic) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = reinterpret_cast<uintptr_t>(this);
    Set(header_->seed, seed);
    Set(header_->magic, kMagic);
  }
  seed_ = Load(header_->seed);
}

StickTable::~StickTable() { munmap(memory_, size_); }

// The live entry of the client.
std::optional<StickTable::Found> StickTable::Locate(const Ip& client, uint64_t now_ms) const {
  const uint64_t start = Start(client);
  for (uint32_t i = 0; i < kWindow; ++i) {
    Slot& slot = slots_[(start + i) % count_];
    const auto entry = slot.Read(now_ms);
    if (entry && entry->client == client) return Found{&slot, *entry};
  }
  return std::nullopt;
}

StickTable::Slot& StickTable::Place(const Ip& client, uint64_t now_ms) const {
  const uint64_t start = Start(client);
  uint64_t soonest = UINT64_MAX;
  Slot* place = &slots_[start % count_];
  for (uint32_t i = 0; i < kWindow; ++i) {
    Slot& slot = slots_[(start + i) % count_];
    const auto entry = slot.Read(now_ms);
    const uint64_t expiry = entry ? entry->expires_ms : 0;
    if (expiry < soonest) {
      soonest = expiry;
      place = &slot;
    }
  }
  return *place;
}

// Writes the entry, and its place into the ring.
void StickTable::Tell(Slot& slot, const Entry& entry) {
  slot.Write(entry);
  Set(slot.told_ms, entry.expires_ms);
  Set(header_->used, 1);
  const uint64_t change = __atomic_fetch_add(&header_->changes, 1, __ATOMIC_ACQ_REL);
  Set(ring_[change % ring_count_], RingNumber(change, static_cast<uint32_t>(&slot - slots_)));
}

std::optional<uint64_t> StickTable::Find(const Ip& client, uint64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  const auto found = Locate(client, now_ms);
  if (!found) return std::nullopt;
  return found->entry.server;
}

void StickTable::Store(const Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = Locate(client, now_ms);
  Tell(found ? *found->slot : Place(client, now_ms), {client, server, expires_ms});
}

void StickTable::Refresh(const Ip& client, uint64_t server, uint64_t now_ms, uint64_t expires_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = Locate(client, now_ms);
  if (!found || found->entry.server != server) return;
  const Entry entry{client, server, expires_ms};
  const uint64_t told_ms = Load(found->slot->told_ms);
  const uint64_t step = (expires_ms - std::min(now_ms, expires_ms)) / kRefreshParts;
  if (told_ms > expires_ms || expires_ms - told_ms > step) return Tell(*found->slot, entry);
  found->slot->Write(entry);
}

uint64_t StickTable::Clear(const std::optional<Ip>& client, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (client) {
    const auto found = Locate(*client, now_ms);
    if (!found) return 0;
    found->slot->Clear();
    return 1;
  }
  uint64_t cleared = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (!slots_[i].Read(now_ms)) continue;  // memory that was never used stays untouched
    slots_[i].Clear();
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
    const auto entry = slots_[i].Read(now_ms);
    if (!entry) continue;
    ++*total;
    if (entries.size() < limit) entries.push_back(*entry);
  }
  return entries;
}

uint64_t StickTable::changes() const { return Load(header_->changes); }

bool StickTable::ReadChanges(uint64_t* mark, uint64_t now_ms, size_t limit,
                             std::vector<Entry>* entries) const {
  const uint64_t end = changes();
  if (end - *mark > ring_count_) return false;
  for (size_t read = 0; *mark != end && read < limit; ++read) {
    const uint64_t number = Load(ring_[*mark % ring_count_]);
    const auto place = static_cast<uint32_t>(number);
    // Just being written, overwritten by now, or garbage.
    if (number != RingNumber(*mark, place) || place >= count_) return false;
    if (const auto entry = slots_[place].Read(now_ms)) entries->push_back(*entry);
    ++*mark;
  }
  return true;
}

bool StickTable::ReadAll(uint32_t* position, uint64_t now_ms, size_t limit,
                         std::vector<Entry>* entries) const {
  if (Load(header_->used) == 0) return false;  // memory that was never used stays untouched
  const size_t before = entries->size();
  while (*position < count_ && entries->size() - before < limit) {
    if (const auto entry = slots_[(*position)++].Read(now_ms)) entries->push_back(*entry);
  }
  return *position < count_;
}

bool StickTable::Merge(const Entry& entry, uint64_t now_ms) {
  if (entry.expires_ms <= now_ms) return false;
  const std::lock_guard lock(mutex_);
  const auto found = Locate(entry.client, now_ms);
  Slot& slot = found ? *found->slot : Place(entry.client, now_ms);
  const auto displaced = slot.Read(now_ms);
  if (displaced && displaced->expires_ms >= entry.expires_ms) return false;
  slot.Write(entry);
  Set(slot.told_ms, entry.expires_ms);
  Set(header_->used, 1);
  return true;
}

}  // namespace aloha::net
