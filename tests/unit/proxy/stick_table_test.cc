#include "workers/proxy/stick_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>

#include "workers/runtime/stick_memory.h"

namespace aloha::proxy {
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

net::Ip Client(uint32_t number) {
  net::Ip ip = net::ParseIp("10.0.0.0").value();
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
}  // namespace aloha::proxy
