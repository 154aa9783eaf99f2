#include "workers/net/stick_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "workers/runtime/stick_memory.h"

namespace aloha::net {
namespace {

constexpr uint32_t kEntries = 1024;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;

UniqueFd MakeMemory(size_t size = StickMemoryBytes(kEntries), int seals = kSeals) {
  UniqueFd memory(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(ftruncate(memory.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(fcntl(memory.get(), F_ADD_SEALS, seals), 0);
  return memory;
}

std::unique_ptr<StickTable> Map(const UniqueFd& memory) {
  return StickTable::Map("rpc", UniqueFd(dup(memory.get())), kEntries).value();
}

Ip Client(uint32_t number) {
  Ip ip = ParseIp("10.0.0.0").value();
  for (int i = 0; i < 3; ++i) ip[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return ip;
}

size_t Count(const StickTable& table, uint64_t now) {
  uint64_t count = 0;
  EXPECT_LE(table.List(now, 5, &count).size(), 5u);
  return count;
}

TEST(StickTableTest, RemembersUntilExpiry) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  EXPECT_EQ(table->Find(Client(1), 1000), std::nullopt);
  table->Store(Client(1), 77, 1000, 2000);
  EXPECT_EQ(table->Find(Client(1), 1999), 77u);
  EXPECT_EQ(table->Find(Client(2), 1999), std::nullopt);
  EXPECT_EQ(table->Find(Client(1), 2000), std::nullopt);
}

TEST(StickTableTest, RefreshHoldsTheOneServer) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  table->Store(Client(1), 77, 1000, 2000);
  table->Refresh(Client(1), 78, 1500, 9000);
  EXPECT_EQ(table->Find(Client(1), 2500), std::nullopt);
  table->Store(Client(1), 77, 1000, 2000);
  table->Refresh(Client(1), 77, 1500, 9000);
  EXPECT_EQ(table->Find(Client(1), 8000), 77u);
  table->Store(Client(1), 78, 8000, 9000);
  EXPECT_EQ(table->Find(Client(1), 8500), 78u);
  EXPECT_EQ(Count(*table, 8500), 1u);
}

TEST(StickTableTest, TheOldestMakesRoom) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  constexpr uint32_t kClients = 20 * kEntries;
  for (uint32_t i = 0; i < kClients; ++i) table->Store(Client(i), i, 1000, 10'000 + i);
  EXPECT_LE(Count(*table, 1000), kEntries);
  EXPECT_GT(Count(*table, 1000), kEntries * 9 / 10);
  EXPECT_EQ(table->Find(Client(kClients - 1), 1000), kClients - 1);
  EXPECT_EQ(table->Find(Client(0), 1000), std::nullopt);
}

TEST(StickTableTest, OutlivesItsProcess) {
  const UniqueFd memory = MakeMemory();
  for (uint32_t i = 0; i < 100; ++i) Map(memory)->Store(Client(i), i, 1000, 2000);
  const auto table = Map(memory);
  int found = 0;
  for (uint32_t i = 0; i < 100; ++i) found += table->Find(Client(i), 1500) == i;
  EXPECT_EQ(found, 100);
}

TEST(StickTableTest, Clear) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  for (uint32_t i = 0; i < 10; ++i) table->Store(Client(i), i, 1000, 2000);
  EXPECT_EQ(table->Clear(Client(3), 1500), 1u);
  EXPECT_EQ(table->Clear(Client(3), 1500), 0u);
  EXPECT_EQ(table->Clear(std::nullopt, 1500), 9u);
  EXPECT_EQ(Count(*table, 1500), 0u);
}

std::vector<uint64_t> Servers(const std::vector<StickTable::Entry>& entries) {
  std::vector<uint64_t> servers;
  for (const StickTable::Entry& entry : entries) servers.push_back(entry.server);
  std::sort(servers.begin(), servers.end());
  return servers;
}

// What changed since *mark, read by three at a time.
std::vector<uint64_t> Changed(const StickTable& table, uint64_t* mark, uint64_t now) {
  std::vector<StickTable::Entry> entries;
  do {
    EXPECT_TRUE(table.ReadChanges(mark, now, 3, &entries));
  } while (*mark != table.changes());
  return Servers(entries);
}

TEST(StickTableTest, TellsWhatChanged) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory), reader = Map(memory);
  uint64_t mark = 0;
  EXPECT_EQ(Changed(*reader, &mark, 1000), std::vector<uint64_t>());
  for (uint32_t i = 0; i < 10; ++i) table->Store(Client(i), i, 1000, 2000);
  EXPECT_EQ(Changed(*reader, &mark, 1000), (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(Changed(*reader, &mark, 1000), std::vector<uint64_t>());
  table->Store(Client(3), 33, 1000, 2000);
  EXPECT_EQ(Changed(*reader, &mark, 1000), std::vector<uint64_t>{33});
  table->Store(Client(4), 44, 1000, 2000);
  table->Clear(Client(4), 1000);
  EXPECT_EQ(Changed(*reader, &mark, 1000), std::vector<uint64_t>());
}

TEST(StickTableTest, RefreshesAreToldNowAndThen) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  table->Store(Client(1), 1, 0, 8000);
  const uint64_t before = table->changes();
  for (uint64_t now = 0; now < 16'000; now += 10) table->Refresh(Client(1), 1, now, now + 8000);
  EXPECT_GE(table->changes() - before, 14u);
  EXPECT_LE(table->changes() - before, 17u);
}

TEST(StickTableTest, WhoIsFarBehindReadsAll) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  for (uint32_t i = 0; i < 300; ++i) table->Store(Client(i), i, 1000, 2000);
  uint64_t mark = 0;
  std::vector<StickTable::Entry> entries;
  EXPECT_FALSE(table->ReadChanges(&mark, 1000, 1000, &entries));
  EXPECT_EQ(mark, 0u);
  uint32_t position = 0;
  bool more = true;
  while (more) {
    const size_t size = entries.size();
    more = table->ReadAll(&position, 1000, 7, &entries);
    EXPECT_LE(entries.size() - size, 7u);
  }
  EXPECT_EQ(entries.size(), Count(*table, 1000));
  entries.clear();
  position = 0;
  EXPECT_FALSE(Map(MakeMemory())->ReadAll(&position, 1000, 7, &entries));
  EXPECT_TRUE(entries.empty());
}

TEST(StickTableTest, MergingTakesWhatLivesLonger) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  table->Store(Client(1), 1, 1000, 5000);
  const uint64_t changes = table->changes();
  EXPECT_FALSE(table->Merge({Client(1), 2, 4999}, 1000));
  EXPECT_FALSE(table->Merge({Client(1), 2, 5000}, 1000));
  EXPECT_EQ(table->Find(Client(1), 1000), 1u);
  EXPECT_TRUE(table->Merge({Client(1), 2, 5001}, 1000));
  EXPECT_EQ(table->Find(Client(1), 1000), 2u);
  EXPECT_TRUE(table->Merge({Client(2), 7, 1500}, 1000));
  EXPECT_FALSE(table->Merge({Client(3), 7, 1000}, 1000));  // has expired
  EXPECT_EQ(Count(*table, 1000), 2u);
  EXPECT_EQ(table->changes(), changes);  // nothing that should go back
  std::vector<StickTable::Entry> entries;
  uint32_t position = 0;
  EXPECT_FALSE(table->ReadAll(&position, 1000, 10, &entries));
  EXPECT_EQ(Servers(entries), (std::vector<uint64_t>{2, 7}));  // but all of it goes to who asks
}

// Two processes write, a third reads: no entry that was never written is ever seen.
TEST(StickTableTest, WritersOfTwoMappings) {
  const UniqueFd memory = MakeMemory();
  std::atomic<bool> stop{false};
  const auto write = [&](uint64_t first) {
    const auto table = Map(memory);
    for (uint64_t round = 0; !stop; ++round) {
      const auto client = static_cast<uint32_t>(round % 64);
      table->Store(Client(client), first + client, 1000, 2000 + round % 16);
    }
  };
  std::thread one(write, 1000), two(write, 2000);
  const auto reader = Map(memory);
  int wrong = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto client = static_cast<uint32_t>(round % 64);
    const auto server = reader->Find(Client(client), 1000);
    wrong += server && *server != 1000 + client && *server != 2000 + client;
  }
  stop = true;
  one.join();
  two.join();
  EXPECT_EQ(wrong, 0);
}

TEST(StickTableTest, GarbageCountsAsEmpty) {
  const UniqueFd memory = MakeMemory();
  const auto table = Map(memory);
  const size_t size = StickMemoryBytes(kEntries);
  auto* const bytes = static_cast<uint8_t*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0));
  ASSERT_NE(bytes, MAP_FAILED);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    for (uint32_t i = 0; i < 500; ++i) table->Store(Client(i), i, 1000, 2000);
    for (int i = 0; i < 100'000; ++i) bytes[random() % size] = static_cast<uint8_t>(random());
    int wrong = 0;
    for (uint32_t i = 0; i < 500; ++i) {
      const auto found = table->Find(Client(i), 1500);
      wrong += found && *found != i;
    }
    EXPECT_EQ(wrong, 0);
    std::vector<StickTable::Entry> read;
    uint64_t mark = table->changes() - 20;
    (void)table->ReadChanges(&mark, 1500, 100, &read);
    uint32_t position = 0;
    (void)table->ReadAll(&position, 1500, 10'000, &read);
    const auto invented = std::count_if(read.begin(), read.end(), [](const auto& entry) {
      return entry.server >= 500 || entry.client != Client(static_cast<uint32_t>(entry.server));
    });
    EXPECT_LE(invented, round);      // client 7, which the round before bound to 70
    const auto again = Map(memory);  // whatever the header says
    again->Store(Client(7), 70, 1000, 2000);
    EXPECT_EQ(again->Find(Client(7), 1500), 70u);
  }
  munmap(bytes, size);
}

TEST(StickTableTest, RefusesMemoryThatCouldFault) {
  const size_t size = StickMemoryBytes(kEntries);
  EXPECT_FALSE(StickTable::Map("t", MakeMemory(size, F_SEAL_GROW), kEntries));
  EXPECT_FALSE(StickTable::Map("t", MakeMemory(size, F_SEAL_SHRINK), kEntries));
  EXPECT_FALSE(StickTable::Map("t", MakeMemory(size - 1), kEntries));
  EXPECT_FALSE(StickTable::Map("t", MakeMemory(size + 64), kEntries));
  EXPECT_FALSE(StickTable::Map("t", UniqueFd(), kEntries));
  EXPECT_FALSE(StickTable::Map("t", MakeMemory(64), 1));
}

}  // namespace
}  // namespace aloha::net
