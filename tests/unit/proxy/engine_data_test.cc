// Bytes: every one arrives, in order, both ways, whatever the pace.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <future>
#include <random>

#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {
namespace {

std::string RandomBytes(size_t count) {
  std::mt19937_64 random(count);
  std::string bytes(count, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(EngineDataTest, SmallExchanges) {
  TestServer server(TestServer::Echo("a"));
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  for (int i = 0; i < 200; ++i) {
    const std::string message = "message " + std::to_string(i);
    ASSERT_TRUE(client.Send(message));
    ASSERT_EQ(client.Receive(message.size()), message);
  }
}

TEST(EngineDataTest, HalfCloseFromTheClient) {
  TestServer server([](Socket& socket) {
    const std::string request = socket.ReceiveToEnd();
    socket.Send("got " + std::to_string(request.size()));
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  ASSERT_TRUE(client.Send(RandomBytes(300'000)));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveToEnd(), "got 300000");
}

TEST(EngineDataTest, HalfCloseFromTheServer) {
  std::promise<std::string> heard;
  TestServer server([&](Socket& socket) {
    socket.Send("bye");
    socket.HalfClose();
    heard.set_value(socket.ReceiveToEnd());
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  EXPECT_EQ(client.ReceiveToEnd(), "bye");
  const auto sessions = proxy.Sessions();
  ASSERT_EQ(sessions.total(), 1u);
  EXPECT_EQ(sessions.sessions(0).state(), "closing");
  ASSERT_TRUE(client.Send("still here"));
  client.HalfClose();
  EXPECT_EQ(heard.get_future().get(), "still here");
}

TEST(EngineDataTest, LargeTransfersBothWaysAtOnce) {
  TestServer server(TestServer::Echo("a"));
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  EXPECT_EQ(client.Receive(2), "a\n");
  const std::string sent = RandomBytes(30 << 20);  // hot: spliced
  auto received = std::async(std::launch::async, [&] { return client.Receive(sent.size()); });
  ASSERT_TRUE(client.Send(sent));
  EXPECT_TRUE(received.get() == sent);
  EXPECT_EQ(proxy.Stats().traffic().bytes_from_clients(), sent.size());
  EXPECT_EQ(proxy.Stats().traffic().bytes_to_clients(), sent.size() + 2);
}

TEST(EngineDataTest, AResetIsPassedOn) {
  std::promise<int> error;
  TestServer server([&](Socket& socket) {
    socket.Send("x");
    char byte;
    const ssize_t got = recv(socket.fd(), &byte, 1, 0);
    error.set_value(got < 0 ? errno : 0);
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  Socket client = proxy.Connect();
  EXPECT_EQ(client.Receive(1), "x");
  client.Reset();
  EXPECT_EQ(error.get_future().get(), ECONNRESET);
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AccessLines().size() == 1; }));
  EXPECT_THAT(proxy.AccessLines()[0], testing::HasSubstr(" CD "));
}

TEST(EngineDataTest, AHalfClosedClientThatVanishesEndsItsSession) {
  std::promise<void> release;
  TestServer server([&](Socket& socket) {
    (void)socket.ReceiveToEnd();
    release.get_future().wait();
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  Socket client = proxy.Connect();
  client.HalfClose();
  EXPECT_TRUE(TestProxy::Eventually([&] {
    const auto sessions = proxy.Sessions();
    return sessions.total() == 1 && sessions.sessions(0).state() == "closing";
  }));
  client.Reset();
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.engine().sessions() == 0; }));
  release.set_value();
}

TEST(EngineDataTest, LastWordsOfAServerThatDoesNotReadArrive) {
  TestServer server([](Socket& socket) {
    socket.Send("421 too busy\r\n");
    (void)socket.Receive(1);  // the client's first bytes have come; the rest is never read
    socket.Reset();
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const Socket client = proxy.Connect();
  (void)client.Send(RandomBytes(100'000));
  EXPECT_EQ(client.Receive(14), "421 too busy\r\n");
}

#ifdef ALOHA_SANITIZED
constexpr size_t kBytesPerSession = 4 << 20;  // shadow memory counts as well
#else
constexpr size_t kBytesPerSession = 300 << 10;
#endif

// Private memory of this process in bytes, freed heap given back first.
size_t PrivateMemory() {
  malloc_trim(0);
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string word; rollup >> word;) {
    size_t kib = 0;
    if (word == "Pss_Anon:" && rollup >> kib) return kib * 1024;
  }
  return 0;
}

TEST(EngineDataTest, ASlowReaderCostsBoundedMemory) {
  std::atomic<bool> stop = false;
  TestServer server([&](Socket& socket) {
    const std::string chunk(65536, 'x');
    while (!stop && socket.Send(chunk)) {
    }
  });
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.Apply();
  const size_t before = PrivateMemory();
  std::vector<Socket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(proxy.Connect());  // none of them reads
  uint64_t bytes = 0;
  int unchanged = 0;  // in a row
  EXPECT_TRUE(TestProxy::Eventually([&] {
    const uint64_t now = proxy.Stats().traffic().bytes_to_clients();
    unchanged = now > 0 && now == bytes ? unchanged + 1 : 0;
    bytes = now;
    return unchanged == 100;
  }));
  // The servers' threads of this test are in the figure as well: about 100 KiB each.
  EXPECT_LT(PrivateMemory() - before, clients.size() * kBytesPerSession);
  stop = true;
  clients.clear();
}

TEST(EngineDataTest, IdleTimeoutEndsSilentSessionsOnly) {
  TestServer server(TestServer::Echo("a"));
  TestProxy proxy;
  proxy.AddServer("a", server.port());
  proxy.service().set_idle_timeout_ms(1500);
  proxy.Apply();
  const Socket silent = proxy.Connect(), busy = proxy.Connect();
  EXPECT_EQ(silent.Receive(2), "a\n");
  EXPECT_EQ(busy.Receive(2), "a\n");
  std::atomic<bool> silent_ended = false;
  std::thread waiter([&] {
    EXPECT_TRUE(silent.Ended());
    silent_ended = true;
  });
  while (!silent_ended) {
    ASSERT_TRUE(busy.Send("x"));
    ASSERT_EQ(busy.Receive(1), "x");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  waiter.join();
  ASSERT_TRUE(TestProxy::Eventually([&] { return proxy.AccessLines().size() == 1; }));
  EXPECT_THAT(proxy.AccessLines()[0], testing::HasSubstr(" cD "));
}

TEST(EngineDataTest, ManySessionsOverBothThreads) {
  TestServer a(TestServer::Echo("a")), b(TestServer::Echo("b"));
  TestProxy proxy;
  proxy.AddServer("a", a.port());
  proxy.AddServer("b", b.port());
  proxy.Apply();
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        const Socket client = proxy.Connect();
        const std::string sent = RandomBytes(1000 * k + 1);
        (void)client.Send(sent);
        client.HalfClose();
        right += client.ReceiveToEnd().substr(2) == sent;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 200);
  EXPECT_EQ(a.accepted(), 100);
  EXPECT_EQ(b.accepted(), 100);
  EXPECT_TRUE(TestProxy::Eventually([&] { return proxy.engine().sessions() == 0; }));
  const auto stats = proxy.Stats();
  EXPECT_EQ(stats.traffic().sessions_total(), 200u);
  EXPECT_EQ(stats.traffic().sessions(), 0u);
  EXPECT_EQ(stats.failed_total(), 0u);
}

}  // namespace
}  // namespace aloha::proxy
