// Which server a session gets, and what happens when servers fail, fill up or go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {
namespace {

using testing::HasSubstr;
using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UNKNOWN;
using worker::v1::CHECK_STATE_UP;

class EngineServersTest : public testing::Test {
 protected:
  std::string LastLine() {
    EXPECT_TRUE(TestProxy::Eventually([&] { return !proxy_.AccessLines().empty(); }));
    return proxy_.AccessLines().back();
  }
  void AddTable(const std::string& name) {
    auto& table = *proxy_.snapshot.add_stick_tables();
    table.set_name(name);
    table.set_max_entries(1024);
    table.set_expiry_ms(60'000);
  }

  TestServer a_{TestServer::Echo("a")}, b_{TestServer::Echo("b")};
  TestProxy proxy_;
};

TEST_F(EngineServersTest, ARefusingServerIsRetriedThenLeft) {
  proxy_.AddServer("dead", ClosedPort());
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(proxy_.Ask(), "b");
  const auto stats = proxy_.Stats();
  EXPECT_EQ(stats.failed_total(), 0u);
  EXPECT_EQ(stats.servers(0).connect_errors_total(), 10u);  // 5 sessions, two attempts each
  EXPECT_EQ(stats.servers(0).retries_total(), 5u);
  EXPECT_EQ(stats.servers(0).redispatches_total(), 5u);
}

TEST_F(EngineServersTest, NoServerAnswers) {
  proxy_.AddServer("dead", ClosedPort());
  proxy_.Apply();
  EXPECT_TRUE(proxy_.Connect().Ended());
  EXPECT_THAT(LastLine(), testing::ContainsRegex(" imap/dead [0-9]+/-1/"));
  EXPECT_THAT(LastLine(), HasSubstr(" 0 SC "));
  EXPECT_EQ(proxy_.Stats().failed_total(), 1u);
  EXPECT_EQ(proxy_.Stats().servers(0).connect_errors_total(), 4u);
}

TEST_F(EngineServersTest, NoServerIsUsable) {
  proxy_.AddServer("a", a_.port()).set_admin_state(worker::v1::ADMIN_STATE_MAINTENANCE);
  proxy_.Apply();
  EXPECT_TRUE(proxy_.Connect().Ended());
  EXPECT_THAT(LastLine(), HasSubstr(" imap/<NOSRV> -1/-1/"));
}

TEST_F(EngineServersTest, ADownServerLosesItsSessionsAndGetsNoMore) {
  proxy_.AddServer("a", a_.port());
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  const Socket on_a = proxy_.Connect();
  ASSERT_EQ(on_a.Receive(2), "a\n");
  const Socket on_b = proxy_.Connect();
  ASSERT_EQ(on_b.Receive(2), "b\n");
  proxy_.SetCheck("a", CHECK_STATE_DOWN);
  EXPECT_TRUE(on_a.Ended());
  EXPECT_THAT(LastLine(), HasSubstr(" DD "));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy_.Ask(), "b");
  ASSERT_TRUE(on_b.Send("x"));
  EXPECT_EQ(on_b.Receive(1), "x");
  proxy_.SetCheck("a", CHECK_STATE_UNKNOWN);  // a health process that has just begun
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy_.Ask(), "b");
  proxy_.SetCheck("a", CHECK_STATE_UP);
  EXPECT_THAT((std::set<std::string>{proxy_.Ask(), proxy_.Ask()}), testing::SizeIs(2));
}

TEST_F(EngineServersTest, StatesThatComeBeforeTheirServerCount) {
  worker::v1::TargetStates states;
  auto& target = *states.add_targets();
  target.set_service("imap");
  target.set_server("a");
  target.set_state(CHECK_STATE_DOWN);
  proxy_.engine().SetCheckStates(states);
  proxy_.AddServer("a", a_.port());
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy_.Ask(), "b");
}

TEST_F(EngineServersTest, AServerWhoseCheckIsTakenAwayIsUsedAgain) {
  proxy_.AddServer("a", a_.port());
  proxy_.Apply();
  proxy_.SetCheck("a", CHECK_STATE_DOWN);
  EXPECT_EQ(proxy_.Ask(), "");
  proxy_.service().mutable_servers(0)->set_unchecked(true);
  proxy_.Apply();
  EXPECT_EQ(proxy_.Ask(), "a");
  proxy_.service().mutable_servers(0)->set_unchecked(false);
  proxy_.Apply();
  EXPECT_EQ(proxy_.Ask(), "a");  // what was heard before is forgotten
}

TEST_F(EngineServersTest, MaintenanceClosesAndDrainKeeps) {
  proxy_.AddServer("a", a_.port());
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  const Socket on_a = proxy_.Connect();
  ASSERT_EQ(on_a.Receive(2), "a\n");
  proxy_.service().mutable_servers(0)->set_admin_state(worker::v1::ADMIN_STATE_DRAIN);
  proxy_.Apply();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(proxy_.Ask(), "b");
  ASSERT_TRUE(on_a.Send("x"));
  EXPECT_EQ(on_a.Receive(1), "x");
  proxy_.service().mutable_servers(0)->set_admin_state(worker::v1::ADMIN_STATE_MAINTENANCE);
  proxy_.Apply();
  EXPECT_TRUE(on_a.Ended());
}

TEST_F(EngineServersTest, FullServersMakeSessionsWait) {
  proxy_.AddServer("a", a_.port()).set_max_connections(1);
  proxy_.Apply();
  Socket first = proxy_.Connect();
  ASSERT_EQ(first.Receive(2), "a\n");
  const Socket second = proxy_.Connect();
  ASSERT_TRUE(second.Send("early"));
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy_.Stats().queued() == 1; }));
  EXPECT_EQ(proxy_.Sessions().total(), 2u);
  first.Close();
  EXPECT_EQ(second.Receive(7), "a\nearly");
  EXPECT_EQ(proxy_.Stats().queued(), 0u);
}

TEST_F(EngineServersTest, WaitingEndsWithTheQueueTimeout) {
  proxy_.AddServer("a", a_.port()).set_max_connections(1);
  proxy_.service().set_queue_timeout_ms(100);
  proxy_.Apply();
  const Socket first = proxy_.Connect();
  ASSERT_EQ(first.Receive(2), "a\n");
  EXPECT_TRUE(proxy_.Connect().Ended());
  EXPECT_THAT(LastLine(), HasSubstr(" sQ "));
  EXPECT_EQ(proxy_.Stats().queued(), 0u);
}

TEST_F(EngineServersTest, AClientThatLeavesTheQueueIsForgotten) {
  proxy_.AddServer("a", a_.port()).set_max_connections(1);
  proxy_.Apply();
  const Socket first = proxy_.Connect();
  ASSERT_EQ(first.Receive(2), "a\n");
  Socket second = proxy_.Connect();
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy_.Stats().queued() == 1; }));
  second.Reset();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy_.Stats().queued() == 0; }));
  EXPECT_THAT(LastLine(), HasSubstr(" CQ "));
}

TEST_F(EngineServersTest, ManyThatWaitAllGetTheirTurn) {
  proxy_.AddServer("a", a_.port()).set_max_connections(2);
  proxy_.Apply();
  std::vector<std::thread> clients;
  std::atomic<int> served = 0;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] { served += proxy_.Ask() == "a"; });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(served, 40);
  EXPECT_LE(proxy_.Stats().servers(0).traffic().sessions_max(), 2u);
}

TEST_F(EngineServersTest, PersistenceIsSharedAndOutlivesSnapshots) {
  AddTable("rpc");
  proxy_.AddService("rpc-60000");
  for (int service : {0, 1}) {
    proxy_.service(service).set_stick_table("rpc");
    proxy_.AddServer("a", a_.port(), service);
    proxy_.AddServer("b", b_.port(), service);
  }
  proxy_.Apply();
  const std::string name = proxy_.Ask(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(proxy_.Ask(0), name);
    EXPECT_EQ(proxy_.Ask(1), name);
    proxy_.service(0).set_retries(i);
    proxy_.Apply();
  }
  worker::v1::ListStickEntriesResponse entries;
  proxy_.engine().ListStickEntries({}, entries);
  ASSERT_EQ(entries.entries_size(), 1);
  EXPECT_EQ(entries.entries(0).client_address(), "127.0.0.1");
  EXPECT_EQ(entries.entries(0).server(), name);
  proxy_.SetCheck(name, CHECK_STATE_DOWN, 0);
  proxy_.SetCheck(name, CHECK_STATE_DOWN, 1);
  const std::string other = proxy_.Ask(1);
  EXPECT_NE(other, name);
  proxy_.SetCheck(name, CHECK_STATE_UP, 0);
  EXPECT_EQ(proxy_.Ask(0), other);
  EXPECT_EQ(proxy_.engine().ClearStickEntries({}).value(), 1u);
}

TEST_F(EngineServersTest, OnlyAllowedClients) {
  proxy_.AddServer("a", a_.port());
  proxy_.service().add_allow_from("10.0.0.0/8");
  proxy_.Apply();
  EXPECT_TRUE(proxy_.Connect().Ended());
  EXPECT_EQ(proxy_.Stats().denied_total(), 1u);
  EXPECT_EQ(a_.accepted(), 0);
}

}  // namespace
}  // namespace aloha::proxy
