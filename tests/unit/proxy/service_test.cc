#include "workers/proxy/service.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "workers/runtime/stick_memory.h"

namespace aloha::proxy {
namespace {

using Kind = Service::Choice::Kind;
using worker::v1::ADMIN_STATE_DRAIN;
using worker::v1::ADMIN_STATE_MAINTENANCE;
using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UP;

net::Ip Client(int number) {
  return net::ParseIp("10.0." + std::to_string(number / 256) + "." + std::to_string(number % 256))
      .value();
}

std::shared_ptr<net::StickTable> MakeTable() {
  constexpr uint32_t kEntries = 1024;
  UniqueFd memory(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(ftruncate(memory.get(), StickMemoryBytes(kEntries)), 0);
  EXPECT_EQ(fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  return net::StickTable::Map("rpc", std::move(memory), kEntries).value();
}

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    for (const char* name : {"a", "b", "c"}) {
      plan_.servers.push_back(
          {std::make_shared<Server>(name, net::Address::Parse("127.0.0.1", 1000).value(), 1), {}});
    }
    Apply();
  }

  void Apply() { closed_ = service_.Apply(plan_, now_); }
  ServerSettings& Settings(int server) { return plan_.servers[server].settings; }
  void Check(const std::string& server, worker::v1::CheckState state) {
    service_.SetCheckState(server, state, now_, closed_);
  }
  // The server's name; "busy", "busy a" or "none".
  std::string Choose(int client = 0, std::vector<std::shared_ptr<Server>> tried = {}) {
    const auto choice = service_.Choose({.client = Client(client), .tried = tried}, now_);
    last_ = choice.server;
    if (choice.kind == Kind::kNone) return "none";
    const std::string name = choice.server ? choice.server->name : "";
    return choice.kind == Kind::kServer ? name : name.empty() ? "busy" : "busy " + name;
  }
  std::map<std::string, int> Spread(int sessions) {
    std::map<std::string, int> spread;
    for (int i = 0; i < sessions; ++i) ++spread[Choose(i)];
    return spread;
  }
  void Release(const std::string& server) {
    for (auto& entry : plan_.servers) {
      if (entry.server->name == server) service_.Abandon(*entry.server, now_);
    }
  }
  // A session that waits; what it is given is appended to granted_.
  std::shared_ptr<Waiter> Wait(int client) {
    auto waiter = std::make_shared<Waiter>(Claim{.client = Client(client)});
    waiter->grant = [this, client](const std::shared_ptr<Server>& server,
                                   const std::shared_ptr<const Approach>&) {
      granted_.push_back(std::to_string(client) + server->name);
    };
    EXPECT_EQ(service_.Wait(waiter, now_).kind, Kind::kBusy);
    return waiter;
  }

  uint64_t now_ = 1'000'000;
  Service service_{"imap", 1};
  ServicePlan plan_;
  Service::Servers closed_;
  std::shared_ptr<Server> last_;
  std::vector<std::string> granted_;
};

using Counts = std::map<std::string, int>;

TEST_F(ServiceTest, WeightsShareOutSessions) {
  Settings(0).weight = 2;
  Settings(2).weight = 0;
  Apply();
  EXPECT_EQ(Spread(30), (Counts{{"a", 20}, {"b", 10}}));
}

TEST_F(ServiceTest, OnlyUsableServersGetSessions) {
  Check("a", CHECK_STATE_DOWN);
  Settings(1).admin_state = ADMIN_STATE_DRAIN;
  Apply();
  EXPECT_EQ(Spread(5), (Counts{{"c", 5}}));
  Settings(2).admin_state = ADMIN_STATE_MAINTENANCE;
  Apply();
  EXPECT_EQ(Choose(), "none");
  Check("a", CHECK_STATE_UP);
  EXPECT_EQ(Choose(), "a");
}

TEST_F(ServiceTest, TriedServersAreAvoidedWhileThereAreOthers) {
  const auto a = plan_.servers[0].server, b = plan_.servers[1].server, c = plan_.servers[2].server;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Choose(0, {a, b}), "c");
  EXPECT_NE(Choose(0, {a, b, c}), "none");
}

TEST_F(ServiceTest, NamesWhoseSessionsAreToBeClosed) {
  Settings(1).admin_state = ADMIN_STATE_MAINTENANCE;
  Apply();
  ASSERT_EQ(closed_.size(), 1u);
  EXPECT_EQ(closed_[0]->name, "b");
  Apply();
  EXPECT_TRUE(closed_.empty());
  Check("c", CHECK_STATE_DOWN);
  ASSERT_EQ(closed_.size(), 1u);
  EXPECT_EQ(closed_[0]->name, "c");
}

TEST_F(ServiceTest, SlowStartRampsTheWeight) {
  Settings(2).weight = 0;
  Settings(0).slow_start_ms = 8000;
  Apply();
  Check("a", CHECK_STATE_DOWN);
  Check("a", CHECK_STATE_UP);
  EXPECT_EQ(Spread(90), (Counts{{"a", 10}, {"b", 80}}));
  now_ += 4000;
  EXPECT_NEAR(Spread(125)["a"], 45, 2);  // 9/16 of the weight
  now_ += 4000;
  EXPECT_NEAR(Spread(100)["a"], 50, 2);
}

TEST_F(ServiceTest, PersistenceMovesOnlyWhenItsServerIsUnusable) {
  plan_.table = MakeTable();
  plan_.stick_expiry_ms = 10'000;
  Apply();
  const std::string first = Choose(1);
  for (int i = 0; i < 10; ++i) {
    now_ += 9000;  // each use puts the expiry off
    EXPECT_EQ(Choose(1), first);
  }
  const int index = first[0] - 'a';
  Settings(index).admin_state = ADMIN_STATE_DRAIN;
  Settings(index).weight = 0;
  Apply();
  EXPECT_EQ(Choose(1), first);
  EXPECT_NE(Choose(1, {plan_.servers[index].server}), first);  // redispatched, but not moved
  EXPECT_EQ(Choose(1), first);
  Check(first, CHECK_STATE_DOWN);
  const std::string second = Choose(1);
  EXPECT_NE(second, first);
  Check(first, CHECK_STATE_UP);
  EXPECT_EQ(Choose(1), second);
}

TEST_F(ServiceTest, ServicesThatShareATableAgree) {
  plan_.table = MakeTable();
  plan_.stick_expiry_ms = 10'000;
  Apply();
  Service other("rpc-60000", 1);
  ServicePlan plan = plan_;
  for (auto& entry : plan.servers) {
    entry.server = std::make_shared<Server>(entry.server->name,
                                            net::Address::Parse("127.0.0.1", 2000).value(), 1);
  }
  (void)other.Apply(plan, now_);
  for (int client = 0; client < 50; ++client) {
    const std::string name = Choose(client);
    EXPECT_EQ(other.Choose({.client = Client(client)}, now_).server->name, name);
  }
}

TEST_F(ServiceTest, SourceHashIsStable) {
  plan_.balance = worker::v1::BALANCE_SOURCE_HASH;
  Apply();
  for (int client = 0; client < 50; ++client) EXPECT_EQ(Choose(client), Choose(client));
}

TEST_F(ServiceTest, TheQueueIsServedInOrder) {
  for (int i = 0; i < 3; ++i) Settings(i).max_connections = 1;
  Apply();
  EXPECT_EQ(Spread(3), (Counts{{"a", 1}, {"b", 1}, {"c", 1}}));
  EXPECT_EQ(Choose(), "busy");
  (void)Wait(1);
  const auto leaves = Wait(2);
  (void)Wait(3);
  service_.StopWaiting(leaves);
  Release("b");
  Release("a");
  EXPECT_EQ(granted_, (std::vector<std::string>{"1b", "3a"}));
  Release("c");
  EXPECT_EQ(granted_.size(), 2u);
  EXPECT_EQ(Choose(), "c");
}

TEST_F(ServiceTest, BoundSessionsWaitForTheirServer) {
  plan_.table = MakeTable();
  plan_.stick_expiry_ms = 10'000;
  for (int i = 0; i < 3; ++i) Settings(i).max_connections = 1;
  Apply();
  EXPECT_EQ(Choose(1), "a");
  EXPECT_EQ(Choose(1), "busy a");
  (void)Wait(1);
  EXPECT_EQ(Choose(2), "b");
  Release("b");
  EXPECT_TRUE(granted_.empty());
  Release("a");
  EXPECT_EQ(granted_, (std::vector<std::string>{"1a"}));
}

TEST_F(ServiceTest, BoundSessionsGoElsewhereWhenTheirServerGoesDown) {
  plan_.table = MakeTable();
  plan_.stick_expiry_ms = 10'000;
  Settings(0).max_connections = 1;
  Apply();
  EXPECT_EQ(Choose(1), "a");
  (void)Wait(1);
  Check("a", CHECK_STATE_DOWN);
  EXPECT_EQ(granted_, (std::vector<std::string>{"1b"}));
}

TEST_F(ServiceTest, ALargerLimitServesTheQueue) {
  for (int i = 0; i < 3; ++i) Settings(i).max_connections = 1;
  Apply();
  (void)Spread(3);
  (void)Wait(1);
  Settings(2).max_connections = 2;
  Apply();
  EXPECT_EQ(granted_, (std::vector<std::string>{"1c"}));
}

TEST_F(ServiceTest, ResetKeepsGauges) {
  service_.Enter();
  (void)Choose();
  service_.bytes(0).to_clients = 500;
  service_.CountDenied();
  service_.ResetStats();
  worker::v1::ServiceStats stats;
  service_.FillStats(stats, now_);
  EXPECT_EQ(stats.traffic().sessions(), 1u);
  EXPECT_EQ(stats.traffic().sessions_max(), 1u);
  EXPECT_EQ(stats.traffic().sessions_total(), 0u);
  EXPECT_EQ(stats.traffic().bytes_to_clients(), 0u);
  EXPECT_EQ(stats.denied_total(), 0u);
  EXPECT_EQ(stats.servers(0).traffic().sessions(), 1u);
  EXPECT_EQ(stats.servers(0).effective_weight(), 256u);
}

}  // namespace
}  // namespace aloha::proxy
