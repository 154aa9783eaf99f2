// Clients, servers, checks and snapshots all at once and at random: nothing may leak, hang or
// crash. Most useful under the sanitizers.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {
namespace {

void BehaveAtRandom(TestProxy& proxy, std::atomic<int>& left, unsigned seed) {
  std::mt19937 random(seed);
  const std::string block(200'000, 'x');
  while (left-- > 0) {
    Socket client = proxy.Connect();
    if (random() % 4 == 0) (void)client.Send({block.data(), random() % block.size()});
    switch (random() % 5) {
      case 0:
        client.Reset();
        break;
      case 1:
        client.Close();
        break;
      case 2:
        client.HalfClose();
        client.Reset();
        break;
      default:
        client.HalfClose();
        (void)client.ReceiveToEnd();
    }
  }
}

TEST(EngineChurnTest, EverythingComesBackToZero) {
  TestServer echo(TestServer::Echo("a"));
  TestServer rude([](Socket& socket) {
    (void)socket.Receive(1);
    socket.Reset();
  });
  TestServer brief([](Socket& socket) { socket.Send("bye"); });
  TestProxy proxy;
  proxy.snapshot.set_access_log(false);
  proxy.AddServer("echo", echo.port()).set_max_connections(3);
  proxy.AddServer("rude", rude.port()).set_max_connections(2);
  proxy.AddServer("brief", brief.port());
  proxy.AddServer("dead", ClosedPort());
  proxy.Apply();
  std::atomic<int> left = 400;
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < 6; ++i) {
    clients.emplace_back([&, i] { BehaveAtRandom(proxy, left, i); });
  }
  std::mt19937 random(99);
  while (left > 0) {
    const std::string server = proxy.service().servers(random() % 4).name();
    proxy.SetCheck(server, worker::v1::CHECK_STATE_DOWN);
    proxy.service()
        .mutable_servers(random() % 4)
        ->set_admin_state(static_cast<worker::v1::AdminState>(1 + random() % 3));
    proxy.Apply();
    (void)proxy.Sessions();
    proxy.SetCheck(server, worker::v1::CHECK_STATE_UP);
  }
  for (auto& server : *proxy.service().mutable_servers()) {
    server.set_admin_state(worker::v1::ADMIN_STATE_READY);
  }
  proxy.Apply();
  for (auto& client : clients) client.join();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.engine().sessions() == 0; }));
  const auto stats = proxy.Stats();
  EXPECT_EQ(stats.traffic().sessions(), 0u);
  EXPECT_EQ(stats.queued(), 0u);
  for (const auto& server : stats.servers()) {
    EXPECT_EQ(server.traffic().sessions(), 0u) << server.server();
  }
  EXPECT_EQ(stats.traffic().sessions_total(), 400u);
}

}  // namespace
}  // namespace aloha::proxy
