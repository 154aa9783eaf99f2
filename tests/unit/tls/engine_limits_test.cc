// What clients do wrong, and how much of it is borne.
#include <gtest/gtest.h>
#include <openssl/nid.h>
#include <sys/socket.h>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

class EngineLimitsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificate_ =
        new TestCertificate(TestCertificate::Make("a", NID_X9_62_prime256v1, {"a.test"}));
  }

  void SetUp() override {
    tls_.engine().SetKeys(keys_.TakeSocket());
    tls_.engine().SetProxy(proxy_.TakeSocket());
    *tls_.snapshot.add_certificates() = certificate_->message;
    tls_.AddListener({"a"}, worker::v1::TLS_PROFILE_INTERMEDIATE);
  }

  static bool Send(const UniqueFd& socket, std::string_view bytes) {
    return send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // Waits for the end of the connection; what came before it.
  static std::string ReadToEnd(const UniqueFd& socket) {
    std::string all;
    char buffer[1024];
    for (;;) {
      const ssize_t got = recv(socket.get(), buffer, sizeof buffer, 0);
      EXPECT_FALSE(got < 0 && errno == EAGAIN) << "it did not end";
      if (got <= 0) return all;
      all.append(buffer, static_cast<size_t>(got));
    }
  }
  // True when every counter of things in progress is zero again.
  bool Quiet() {
    return TestTls::Eventually([&] { return tls_.engine().handshakes() == 0; });
  }

  static TestCertificate* certificate_;
  FakeKeys keys_{{certificate_}};
  FakeProxy proxy_;
  TestTls tls_;
};
TestCertificate* EngineLimitsTest::certificate_;

TEST_F(EngineLimitsTest, SilentAndSlowClientsAreEnded) {
  tls_.snapshot.set_handshake_timeout_ms(100);
  tls_.Apply();
  const UniqueFd silent = ConnectTo(tls_.port()), slow = ConnectTo(tls_.port());
  ASSERT_TRUE(Send(slow, std::string("\x16\x03\x01\x01\x00\x01\x00", 7)));
  EXPECT_EQ(ReadToEnd(silent), "");
  EXPECT_EQ(ReadToEnd(slow), "");
  EXPECT_EQ(tls_.Failed("timeout"), 2u);
  EXPECT_TRUE(Quiet());
}

TEST_F(EngineLimitsTest, WhatIsNotTlsIsClosed) {
  tls_.Apply();
  for (const std::string_view bytes : {std::string_view("GET / HTTP/1.1\r\n\r\n"),
                                       std::string_view("\x80\x2e\x01\x00\x02\x00\x15", 7)}) {
    const UniqueFd client = ConnectTo(tls_.port());
    ASSERT_TRUE(Send(client, bytes));
    EXPECT_EQ(ReadToEnd(client), "");
  }
  EXPECT_EQ(tls_.Failed("not_tls"), 2u);
}

TEST_F(EngineLimitsTest, MalformedHellosGetAnAlert) {
  tls_.Apply();
  const UniqueFd garbage = ConnectTo(tls_.port());
  ASSERT_TRUE(Send(garbage, std::string("\x16\x03\x01\x00\x06\x01\x00\x00\x02xx", 11)));
  EXPECT_TRUE(ReadToEnd(garbage).starts_with("\x15\x03"));
  EXPECT_EQ(tls_.Failed("protocol_error"), 1u);
  // A ClientHello of 16,385 bytes.
  const UniqueFd oversized = ConnectTo(tls_.port());
  ASSERT_TRUE(Send(oversized, std::string("\x16\x03\x01\x00\x04\x01\x00\x40\x01", 9)));
  EXPECT_TRUE(ReadToEnd(oversized).starts_with("\x15\x03"));
  EXPECT_EQ(tls_.Failed("hello_too_large"), 1u);
  EXPECT_TRUE(Quiet());
}

TEST_F(EngineLimitsTest, ClientsThatLeaveAreCounted) {
  tls_.Apply();
  { const UniqueFd client = ConnectTo(tls_.port()); }
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Failed("client_closed") == 1; }));
  EXPECT_TRUE(Quiet());
}

TEST_F(EngineLimitsTest, HandshakesOfOneClientAreBounded) {
  tls_.snapshot.set_max_handshakes_per_client(2);
  tls_.Apply();
  {
    const UniqueFd first = ConnectTo(tls_.port()), second = ConnectTo(tls_.port());
    EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 2; }));
    EXPECT_EQ(ReadToEnd(ConnectTo(tls_.port())), "");
    EXPECT_EQ(tls_.Failed("too_many"), 1u);
  }
  ASSERT_TRUE(Quiet());
  EXPECT_TRUE(TestClient(tls_.port(), {}).Connect());
}

TEST_F(EngineLimitsTest, HandshakesAreBoundedAllTogether) {
  tls_.snapshot.set_max_handshakes(2);
  tls_.Apply();
  const UniqueFd first = ConnectTo(tls_.port()), second = ConnectTo(tls_.port());
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.engine().handshakes() == 2; }));
  EXPECT_EQ(ReadToEnd(ConnectTo(tls_.port())), "");
  EXPECT_EQ(tls_.Failed("too_many"), 1u);
}

TEST_F(EngineLimitsTest, NetworksThatAreNotServedAreDenied) {
  tls_.snapshot.mutable_listeners(0)->add_allow_from("192.0.2.0/24");
  tls_.Apply();
  EXPECT_EQ(ReadToEnd(ConnectTo(tls_.port())), "");
  EXPECT_EQ(tls_.Failed("denied"), 1u);
}

TEST_F(EngineLimitsTest, ProxyHeadersNameTheClient) {
  auto& listener = *tls_.snapshot.mutable_listeners(0);
  listener.mutable_listener()->set_accept_proxy(true);
  listener.add_allow_from("192.0.2.0/24");
  tls_.Apply();
  const std::string served = "PROXY TCP4 192.0.2.7 127.0.0.1 40000 443\r\n";
  TestClient client(tls_.port(), {.server_name = "a.test"}, served);
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(proxy_.Receive().message.connection().proxy_header(), served);

  TestClient denied(tls_.port(), {}, "PROXY TCP4 198.51.100.7 127.0.0.1 40000 443\r\n");
  EXPECT_FALSE(denied.Connect());
  EXPECT_EQ(tls_.Failed("denied"), 1u);
  TestClient without(tls_.port(), {});
  EXPECT_FALSE(without.Connect());
  EXPECT_EQ(tls_.Failed("protocol_error"), 1u);
}

TEST_F(EngineLimitsTest, ProxyHeadersMayComeByteByByte) {
  tls_.snapshot.mutable_listeners(0)->mutable_listener()->set_accept_proxy(true);
  tls_.Apply();
  const std::string header = "PROXY TCP4 192.0.2.7 127.0.0.1 40000 443\r\n";
  UniqueFd socket = ConnectTo(tls_.port());
  for (const char byte : header) ASSERT_TRUE(Send(socket, {&byte, 1}));
  TestClient client(std::move(socket), {.byte_by_byte = true});
  ASSERT_TRUE(client.Connect());
  EXPECT_EQ(proxy_.Receive().message.connection().proxy_header(), header);
}

TEST_F(EngineLimitsTest, FailuresAreLoggedWithinReason) {
  tls_.snapshot.set_threads(1);
  tls_.Apply();
  const uint64_t begun_ms = net::MonotonicMs();
  for (int i = 0; i < 200; ++i) {
    const UniqueFd client = ConnectTo(tls_.port());
    ASSERT_TRUE(Send(client, "x"));
    ReadToEnd(client);
  }
  EXPECT_EQ(tls_.Failed("not_tls"), 200u);
  const uint64_t seconds = (net::MonotonicMs() - begun_ms) / 1000;
  EXPECT_TRUE(TestTls::Eventually([&] { return tls_.Lines("handshake failed: client") >= 20; }));
  EXPECT_LE(tls_.Lines("handshake failed: client"), 20 * (seconds + 2));
}

}  // namespace
}  // namespace aloha::tls
