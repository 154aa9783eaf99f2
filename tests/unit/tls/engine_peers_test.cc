// aloha-keys and aloha-proxy: slow, gone, and back.
#include <gtest/gtest.h>
#include <openssl/nid.h>
#include <sys/socket.h>

#include <future>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

class EnginePeersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificate_ =
        new TestCertificate(TestCertificate::Make("a", NID_X9_62_prime256v1, {"a.test"}));
  }

  void SetUp() override {
    *tls_.snapshot.add_certificates() = certificate_->message;
    tls_.AddListener({"a"}, worker::v1::TLS_PROFILE_INTERMEDIATE);
    tls_.Apply();
  }

  std::unique_ptr<FakeKeys> NewKeys() {
    auto keys = std::make_unique<FakeKeys>(std::vector<const TestCertificate*>{certificate_});
    tls_.engine().SetKeys(keys->TakeSocket());
    return keys;
  }
  std::unique_ptr<FakeProxy> NewProxy() {
    auto proxy = std::make_unique<FakeProxy>();
    tls_.engine().SetProxy(proxy->TakeSocket());
    return proxy;
  }
  std::future<bool> Connect() {
    return std::async(std::launch::async,
                      [port = tls_.port()] { return TestClient(port, {}).Connect(); });
  }
  uint64_t Waiting() {
    worker::v1::GetTlsStatsResponse stats;
    tls_.engine().GetStats(stats);
    return stats.waiting_for_proxy();
  }

  static TestCertificate* certificate_;
  TestTls tls_;
};
TestCertificate* EnginePeersTest::certificate_;

TEST_F(EnginePeersTest, HandshakesWaitForTheNextKeys) {
  const auto proxy = NewProxy();
  auto keys = NewKeys();
  keys->Hold(true);
  std::vector<std::future<bool>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(Connect());
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 10; }));
  keys.reset();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("aloha-keys is gone") == 1; }));
  std::future<bool> later = Connect();
  keys = NewKeys();
  for (auto& client : clients) EXPECT_TRUE(client.get());
  EXPECT_TRUE(later.get());
  for (int i = 0; i < 11; ++i) EXPECT_TRUE(proxy->Receive().message.has_connection());
}

TEST_F(EnginePeersTest, WithoutKeysHandshakesEndByTheirTimeout) {
  tls_.snapshot.set_handshake_timeout_ms(300);
  tls_.Apply();
  const auto proxy = NewProxy();
  EXPECT_FALSE(Connect().get());
  // On a busy machine the ClientHello may come too late to ask for a signature at all.
  EXPECT_EQ(tls_.Failed("no_signature") + tls_.Failed("timeout"), 1u);
}

TEST_F(EnginePeersTest, RefusedSignaturesFail) {
  const auto proxy = NewProxy();
  FakeKeys keys({certificate_});
  keys.Refuse("rate limit");
  tls_.engine().SetKeys(keys.TakeSocket());
  EXPECT_FALSE(Connect().get());
  EXPECT_EQ(tls_.Failed("no_signature"), 1u);
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("aloha-keys: rate limit") == 1; }));
}

TEST_F(EnginePeersTest, ConnectionsWaitForTheNextProxy) {
  const auto keys = NewKeys();
  auto proxy = NewProxy();
  proxy.reset();
  TestClient client(tls_.port(), {});
  ASSERT_TRUE(client.Connect());
  EXPECT_TRUE(TestTls::Eventually([&] { return Waiting() == 1; }));
  EXPECT_EQ(tls_.engine().handshakes(), 1u);
  proxy = NewProxy();
  EXPECT_TRUE(proxy->Receive().socket);
  EXPECT_TRUE(
      TestTls::Eventually([&] { return Waiting() == 0 && tls_.engine().handshakes() == 0; }));
}

TEST_F(EnginePeersTest, AFullProxyHoldsAcceptingBack) {
  const auto keys = NewKeys();
  FakeProxy proxy;
  proxy.Narrow();
  tls_.engine().SetProxy(proxy.TakeSocket());
  constexpr int kClients = 60;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::atomic<int> done{0};
  std::thread connecting([&] {
    for (int i = 0; i < kClients; ++i) {
      clients.push_back(std::make_unique<TestClient>(tls_.port(), TestClient::Options{}));
      if (clients.back()->Connect()) ++done;
    }
  });
  EXPECT_TRUE(TestTls::Eventually([&] { return Waiting() > 0; }));
  EXPECT_LT(done, kClients);
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < kClients; ++i) sockets.push_back(proxy.Receive().socket);
  connecting.join();
  EXPECT_EQ(done, kClients);
  EXPECT_EQ(tls_.Failed("no_proxy"), 0u);
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 0; }));
}

TEST_F(EnginePeersTest, HandshakesForTheProxyComeBack) {
  auto& listener = tls_.AddListener({"a"}, worker::v1::TLS_PROFILE_INTERMEDIATE);
  listener.mutable_listener()->set_tls(false);
  tls_.Apply();
  EXPECT_EQ(tls_.engine().Keepsakes().size(), 1u);
  const auto keys = NewKeys();
  const auto proxy = NewProxy();

  // The proxy's own listener: any other connected pair serves as well.
  uint16_t port = 0;
  const UniqueFd listening = ListenAnywhere(port);
  UniqueFd client_socket = ConnectTo(port);
  UniqueFd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));

  handoff::v1::ToTls request;
  auto& handshake = *request.mutable_handshake();
  handshake.set_request_id(77);
  handshake.mutable_accept()->set_address("127.0.0.1");
  handshake.mutable_accept()->set_port(tls_.port(1));
  handshake.set_timeout_ms(20'000);
  proxy->Send(request, accepted.get());
  accepted.reset();
  TestClient client(std::move(client_socket), {.server_name = "a.test"});
  ASSERT_TRUE(client.Connect());
  auto received = proxy->Receive();
  EXPECT_TRUE(received.socket);
  EXPECT_EQ(received.message.connection().request_id(), 77u);
  EXPECT_EQ(received.message.connection().listener().port(), tls_.port(1));
  EXPECT_EQ(tls_.Stats(1).duration().count(), 1u);

  // Failures come back as well: here the client's end is closed.
  { TestClient gone = std::move(client); }
  handshake.set_request_id(78);
  proxy->Send(request, received.socket.get());
  received = proxy->Receive();
  EXPECT_EQ(received.message.failed().request_id(), 78u);
  EXPECT_FALSE(received.socket);
  handshake.set_request_id(79);
  proxy->Send(request, -1);
  EXPECT_EQ(proxy->Receive().message.failed().request_id(), 79u);
  handshake.mutable_accept()->set_port(1);
  proxy->Send(request, listening.get());
  EXPECT_EQ(proxy->Receive().message.failed().request_id(), 79u);
}

// A handshake that a proxy asks for, with a client of this process.
class AskedHandshake {
 public:
  AskedHandshake(FakeProxy& proxy, uint64_t request_id, uint16_t listener) {
    uint16_t port = 0;
    const UniqueFd listening = ListenAnywhere(port);
    client_socket_ = ConnectTo(port);
    const UniqueFd accepted(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    handoff::v1::ToTls request;
    request.mutable_handshake()->set_request_id(request_id);
    request.mutable_handshake()->mutable_accept()->set_address("127.0.0.1");
    request.mutable_handshake()->mutable_accept()->set_port(listener);
    proxy.Send(request, accepted.get());
  }
  bool Connect() { return TestClient(std::move(client_socket_), {}).Connect(); }

 private:
  UniqueFd client_socket_;
};

TEST_F(EnginePeersTest, AnswersGoToWhomTheyAreForAlone) {
  const auto keys = NewKeys();
  auto proxy = NewProxy();
  AskedHandshake asked(*proxy, 1, tls_.port());
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 1; }));
  proxy.reset();
  proxy = NewProxy();
  (void)asked.Connect();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Failed("no_proxy") == 1; }));
  EXPECT_TRUE(proxy->Idle());
}

TEST_F(EnginePeersTest, AProxyThatWasReplacedIsAnsweredUntilItEnds) {
  const auto keys = NewKeys();
  auto before = NewProxy();
  AskedHandshake begun(*before, 1, tls_.port());
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 1; }));
  const auto newest = NewProxy();
  EXPECT_TRUE(begun.Connect());
  EXPECT_EQ(before->Receive().message.connection().request_id(), 1u);
  AskedHandshake later(*before, 2, tls_.port());
  EXPECT_TRUE(later.Connect());
  EXPECT_EQ(before->Receive().message.connection().request_id(), 2u);
  EXPECT_TRUE(newest->Idle());

  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Connect().get());
    EXPECT_EQ(newest->Receive().message.connection().request_id(), 0u);
  }
  EXPECT_TRUE(before->Idle());

  before.reset();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("an earlier aloha-proxy") == 1; }));
  EXPECT_EQ(tls_.Lines("aloha-proxy is gone"), 0);
  EXPECT_TRUE(Connect().get());
  EXPECT_TRUE(newest->Receive().socket);
}

TEST_F(EnginePeersTest, NewClientsWaitForTheNextProxyAndGoToNoneBefore) {
  const auto keys = NewKeys();
  const auto before = NewProxy();
  auto newest = NewProxy();
  newest.reset();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("aloha-proxy is gone") == 1; }));
  EXPECT_TRUE(Connect().get());
  EXPECT_TRUE(TestTls::Eventually([&] { return Waiting() == 1; }));
  AskedHandshake asked(*before, 1, tls_.port());  // which need not wait
  EXPECT_TRUE(asked.Connect());
  EXPECT_EQ(before->Receive().message.connection().request_id(), 1u);
  newest = NewProxy();
  EXPECT_EQ(newest->Receive().message.connection().request_id(), 0u);
  EXPECT_TRUE(before->Idle());
}

TEST_F(EnginePeersTest, OfProxiesThatWereReplacedTheOldestIsLeft) {
  std::vector<std::unique_ptr<FakeProxy>> proxies;
  for (int i = 0; i < 10; ++i) proxies.push_back(NewProxy());
  EXPECT_TRUE(TestTls::Eventually([&] { return proxies[0]->Ended(); }));
  for (int i = 1; i < 10; ++i) EXPECT_TRUE(proxies[static_cast<size_t>(i)]->Idle());
}

TEST_F(EnginePeersTest, DrainingLetsHandshakesEnd) {
  const auto keys = NewKeys();
  const auto proxy = NewProxy();
  keys->Hold(true);
  std::future<bool> client = Connect();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 1; }));
  std::promise<void> stopped;
  tls_.engine().StopListening([&] { stopped.set_value(); });
  stopped.get_future().wait();
  EXPECT_TRUE(tls_.engine().Keepsakes().empty());
  keys->Hold(false);
  EXPECT_TRUE(client.get());
  EXPECT_TRUE(proxy->Receive().socket);

  tls_.Apply();
  keys->Hold(true);
  client = Connect();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 1; }));
  std::promise<uint32_t> cut;
  tls_.engine().CutHandshakes([&](uint32_t count) { cut.set_value(count); });
  EXPECT_EQ(cut.get_future().get(), 1u);
  EXPECT_FALSE(client.get());
}

TEST_F(EnginePeersTest, HandshakesInProgressKeepTheirSettings) {
  const auto keys = NewKeys();
  const auto proxy = NewProxy();
  keys->Hold(true);
  std::future<bool> client = Connect();
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 1; }));
  tls_.snapshot.clear_listeners();
  tls_.snapshot.clear_certificates();
  ASSERT_TRUE(tls_.Prepare());
  tls_.engine().Commit();
  keys->Hold(false);
  EXPECT_TRUE(client.get());
  EXPECT_TRUE(proxy->Receive().socket);
}

TEST_F(EnginePeersTest, PacketsThatAreNoMessageAreDropped) {
  auto pair = MakeSocketPair(SOCK_SEQPACKET);
  const auto keys = NewKeys();
  tls_.engine().SetProxy(std::move(pair->theirs));
  ASSERT_TRUE(SendPacket(pair->ours.get(), "\xff\xff\xff"));
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("no message") == 1; }));
  EXPECT_TRUE(Connect().get());
}

}  // namespace
}  // namespace aloha::tls
