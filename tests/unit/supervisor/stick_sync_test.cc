#include "supervisor/peers/stick_sync.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "workers/runtime/stick_memory.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {
namespace {

constexpr uint32_t kEntries = 1024;

uint64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

net::Ip Client(uint8_t number) { return net::ParseIp("10.0.0." + std::to_string(number)).value(); }

class StickSyncTest : public testing::Test {
 protected:
  StickSyncTest() {
    auto* table = running_.add_stick_tables();
    table->set_name("rpc");
    table->set_max_entries(kEntries);
    table->set_expiry_ms(60'000);
    auto* service = running_.add_services();
    service->set_stick_table("rpc");
    service->add_servers()->set_name("CAS1");
    service->add_servers()->set_name("CAS2");
    memory_ = UniqueFd(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(ftruncate(memory_.get(), StickMemoryBytes(kEntries)), 0);
    EXPECT_EQ(fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    table_ = net::StickTable::Map("rpc", UniqueFd(dup(memory_.get())), kEntries).value();
  }

  // One entry for a client, of the server with this index.
  static void Add(peer::v1::StickTableEntries* entries, const net::Ip& client, uint32_t server,
                  uint32_t expires_in_ms) {
    auto* entry = entries->add_entries();
    entry->set_client(client.data(), client.size());
    entry->set_server(server);
    entry->set_expires_in_ms(expires_in_ms);
  }
  std::optional<uint64_t> Server(uint8_t client) const {
    return table_->Find(Client(client), NowMs());
  }

  asio::io_context loop_;
  worker::v1::ProxySnapshot running_;
  UniqueFd memory_;
  std::unique_ptr<net::StickTable> table_;
  // What is tested here does not use the link.
  Log log_{{.program = "test"}};
  Events events_{log_, ""};
  Fleet fleet_{loop_, {}, events_};
  PeerLink link_{fleet_};
  StickSync sync_{{loop_, link_, [this]() -> const auto& { return running_; },
                   [this](const std::string& name) -> std::optional<std::pair<int, uint32_t>> {
                     if (name != "rpc") return std::nullopt;
                     return std::pair(memory_.get(), kEntries);
                   }}};
};

TEST_F(StickSyncTest, TakesWhatIsKnownHere) {
  table_->Store(Client(9), net::HashName("CAS2"), NowMs(), NowMs() + 30'000);

  peer::v1::PushStickEntriesRequest request;
  request.add_tables()->set_table("of a newer configuration");
  auto* entries = request.add_tables();
  entries->set_table("rpc");
  entries->add_servers("CAS1");
  entries->add_servers("unknown");
  Add(entries, Client(1), 0, 30'000);
  Add(entries, Client(2), 1, 30'000);  // its server is not
  Add(entries, Client(3), 2, 30'000);  // names none
  Add(entries, Client(4), 0, 0);       // has expired
  Add(entries, Client(5), 0, 4'000'000'000);
  Add(entries, Client(9), 0, 20'000);  // older than what is here
  entries->add_entries()->set_client("short");
  const auto served = sync_.Serve(request);
  ASSERT_TRUE(served);
  EXPECT_EQ(served->taken(), 2u);
  ASSERT_EQ(served->unknown_tables_size(), 1);
  EXPECT_EQ(served->unknown_tables(0), "of a newer configuration");
  EXPECT_EQ(Server(1), net::HashName("CAS1"));
  for (const uint8_t client : {2, 3, 4}) EXPECT_EQ(Server(client), std::nullopt);
  EXPECT_EQ(Server(9), net::HashName("CAS2"));
  // No longer than if it were made here.
  EXPECT_EQ(table_->Find(Client(5), NowMs() + 61'000), std::nullopt);
  EXPECT_EQ(Server(5), net::HashName("CAS1"));
}

TEST_F(StickSyncTest, Forgets) {
  for (const uint8_t client : {1, 2, 3})
    table_->Store(Client(client), net::HashName("CAS1"), NowMs(), NowMs() + 30'000);
  peer::v1::PushStickEntriesRequest request;
  auto* entries = request.add_tables();
  entries->set_table("rpc");
  entries->set_forget_client(Client(2).data(), 16);
  ASSERT_TRUE(sync_.Serve(request));
  EXPECT_EQ(Server(2), std::nullopt);
  EXPECT_TRUE(Server(3));
  entries->clear_forget_client();
  entries->set_forget_all(true);
  entries->add_servers("CAS2");
  Add(entries, Client(7), 0, 1000);
  ASSERT_TRUE(sync_.Serve(request));
  EXPECT_EQ(Server(3), std::nullopt);
  EXPECT_EQ(Server(7), net::HashName("CAS2"));
}

TEST_F(StickSyncTest, BoundsAMessage) {
  peer::v1::PushStickEntriesRequest request;
  auto* entries = request.add_tables();
  entries->set_table("rpc");
  for (int i = 0; i <= 10'000; ++i) entries->add_entries();
  EXPECT_FALSE(sync_.Serve(request));
}

}  // namespace
}  // namespace aloha::supervisor
