// Snapshots: taken whole or not at all, and no session is touched that need not be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {
namespace {

using testing::HasSubstr;

class EngineConfigTest : public testing::Test {
 protected:
  EngineConfigTest() {
    proxy_.AddServer("a", a_.port());
    proxy_.Apply();
  }
  std::string Refusal() {
    const auto prepared = proxy_.Prepare();
    return prepared ? "accepted" : prepared.error().message;
  }
  TestServer a_{TestServer::Echo("a")}, b_{TestServer::Echo("b")};
  TestProxy proxy_;
};

TEST_F(EngineConfigTest, LiveSessionsSurviveEveryChange) {
  const Socket client = proxy_.Connect();
  ASSERT_EQ(client.Receive(2), "a\n");
  const auto alive = [&] { return client.Send("x") && client.Receive(1) == "x"; };
  proxy_.service().set_idle_timeout_ms(90'000);
  proxy_.Apply();
  EXPECT_TRUE(alive());
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  EXPECT_TRUE(alive());
  proxy_.service().mutable_servers()->DeleteSubrange(0, 1);
  proxy_.Apply();
  EXPECT_TRUE(alive());
  EXPECT_EQ(proxy_.Ask(), "b");
  proxy_.AddService("pop3");
  proxy_.snapshot.mutable_services()->DeleteSubrange(0, 1);
  proxy_.Apply();
  EXPECT_TRUE(alive());
  EXPECT_EQ(proxy_.engine().sessions(), 1u);
}

TEST_F(EngineConfigTest, AServerWithAnotherAddressIsAnotherServer) {
  const Socket client = proxy_.Connect();
  ASSERT_EQ(client.Receive(2), "a\n");
  proxy_.service().mutable_servers(0)->set_port(b_.port());
  proxy_.Apply();
  EXPECT_EQ(proxy_.Ask(), "b");
  EXPECT_TRUE(client.Send("x"));
  EXPECT_EQ(client.Receive(1), "x");
}

TEST_F(EngineConfigTest, ARejectedSnapshotChangesNothing) {
  const auto good = proxy_.snapshot;
  proxy_.service().mutable_servers(0)->set_address("mail.example.org");
  EXPECT_THAT(Refusal(), HasSubstr("services[imap].servers[a]: \"mail.example.org\" is not an"));
  proxy_.snapshot = good;
  proxy_.service().mutable_listeners(0)->set_port(ClosedPort());
  EXPECT_THAT(Refusal(), HasSubstr("its socket did not arrive"));
  proxy_.snapshot = good;
  proxy_.service().set_stick_table("rpc");
  EXPECT_THAT(Refusal(), HasSubstr("no table is named rpc"));
  proxy_.snapshot = good;
  proxy_.service().add_allow_from("10.0.0.0/33");
  EXPECT_THAT(Refusal(), HasSubstr("allow_from"));
  proxy_.snapshot = good;
  *proxy_.snapshot.add_services() = proxy_.service();
  EXPECT_THAT(Refusal(), HasSubstr("stands there twice"));
  proxy_.snapshot = good;
  *proxy_.service().add_servers() = proxy_.service().servers(0);
  EXPECT_THAT(Refusal(), HasSubstr("stands there twice"));
  proxy_.snapshot = good;
  proxy_.service().set_idle_timeout_ms(99);
  EXPECT_THAT(Refusal(), HasSubstr("idle_timeout_ms"));
  proxy_.snapshot = good;
  EXPECT_EQ(proxy_.Ask(), "a");
}

TEST_F(EngineConfigTest, AnAbortedSnapshotChangesNothing) {
  proxy_.service().mutable_servers(0)->set_port(b_.port());
  ASSERT_TRUE(proxy_.Prepare());
  proxy_.engine().Abort();
  EXPECT_EQ(proxy_.Ask(), "a");
}

TEST_F(EngineConfigTest, CountersSurviveSnapshots) {
  for (int i = 0; i < 3; ++i) (void)proxy_.Ask();
  proxy_.service().set_retries(1);
  proxy_.AddServer("b", b_.port());
  proxy_.Apply();
  EXPECT_EQ(proxy_.Stats().traffic().sessions_total(), 3u);
  EXPECT_EQ(proxy_.Stats().servers(0).traffic().sessions_total(), 3u);
}

TEST_F(EngineConfigTest, AfterADrainItServesAgain) {
  const Socket client = proxy_.Connect();
  ASSERT_EQ(client.Receive(2), "a\n");
  proxy_.StopListening();
  EXPECT_EQ(proxy_.Stats().listeners(), 0u);
  ASSERT_TRUE(client.Send("x"));
  EXPECT_EQ(client.Receive(1), "x");
  EXPECT_EQ(proxy_.Cut(), 1u);
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(proxy_.engine().sessions(), 0u);
  proxy_.Apply();
  EXPECT_EQ(proxy_.Ask(), "a");
  EXPECT_EQ(proxy_.Stats().listeners(), 1u);
}

TEST_F(EngineConfigTest, WhatIsPassedForAListenerIsVerified) {
  Log log({.program = "test"});
  Engine engine(log, 100);
  const auto refusal = [&](int fd) {
    const auto prepared =
        engine.Prepare(proxy_.snapshot, {[&](const std::string&, uint32_t) { return UniqueFd(fd); },
                                         [](const std::string&) { return UniqueFd(); }});
    return prepared ? "accepted" : prepared.error().message;
  };
  EXPECT_THAT(refusal(socket(AF_INET, SOCK_STREAM, 0)), HasSubstr("not a listening TCP socket"));
  EXPECT_THAT(refusal(socket(AF_INET, SOCK_DGRAM, 0)), HasSubstr("not a listening TCP socket"));
  EXPECT_THAT(refusal(socket(AF_UNIX, SOCK_STREAM, 0)), HasSubstr("not a listening TCP socket"));
  EXPECT_THAT(refusal(dup(1)), HasSubstr("not a listening TCP socket"));
  const int other = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(listen(other, 1), 0);  // any address, any port
  EXPECT_THAT(refusal(other), HasSubstr("is bound to 0.0.0.0:"));
}

}  // namespace
}  // namespace aloha::proxy
