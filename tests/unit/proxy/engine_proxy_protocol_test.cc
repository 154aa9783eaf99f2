// The PROXY protocol on both sides, and the server name of TLS clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proxy/harness.h"
#include "workers/net/proxy_protocol.h"

namespace aloha::proxy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class EngineProxyProtocolTest : public testing::Test {
 protected:
  EngineProxyProtocolTest() {
    server_ = &proxy_.AddServer("a", plain_.port());
    listener_ = proxy_.service().mutable_listeners(0);
  }
  TestServer plain_{[](Socket& socket) { socket.Send(socket.ReceiveToEnd()); }};
  TestProxy proxy_;
  worker::v1::Server* server_;
  worker::v1::Listener* listener_;

  // What the server hears when the client says this.
  std::string Heard(const std::string& said) {
    const Socket client = proxy_.Connect();
    port_ = client.LocalPort();
    EXPECT_TRUE(client.Send(said));
    client.HalfClose();
    return client.ReceiveToEnd();
  }
  uint16_t port_ = 0;
};

TEST_F(EngineProxyProtocolTest, SentAsVersion1) {
  server_->set_send_proxy(worker::v1::SEND_PROXY_V1);
  proxy_.Apply();
  const std::string heard = Heard("hello");
  EXPECT_EQ(heard, "PROXY TCP4 127.0.0.1 127.0.0.1 " + std::to_string(port_) + " " +
                       std::to_string(proxy_.port()) + "\r\nhello");
  EXPECT_EQ(proxy_.Stats().traffic().bytes_from_clients(), 5u);
}

TEST_F(EngineProxyProtocolTest, SentAsVersion2) {
  server_->set_send_proxy(worker::v1::SEND_PROXY_V2);
  proxy_.Apply();
  const std::string heard = Heard("hello");
  const auto header = net::ParseProxyHeader(heard);
  ASSERT_EQ(header.kind, net::ProxyHeader::Kind::kAddresses);
  EXPECT_EQ(header.source, net::Address::Parse("127.0.0.1", port_).value());
  EXPECT_EQ(header.destination, net::Address::Parse("127.0.0.1", proxy_.port()).value());
  EXPECT_EQ(heard.substr(header.length), "hello");
}

TEST_F(EngineProxyProtocolTest, TheAnnouncedClientCounts) {
  listener_->set_accept_proxy(true);
  server_->set_send_proxy(worker::v1::SEND_PROXY_V1);
  proxy_.service().add_allow_from("192.0.2.0/24");
  proxy_.Apply();
  const std::string header = "PROXY TCP4 192.0.2.7 203.0.113.1 1234 143\r\n";
  EXPECT_EQ(Heard(header + "hello"), header + "hello");
  ASSERT_TRUE(TestProxy::Eventually([&] { return !proxy_.AccessLines().empty(); }));
  EXPECT_THAT(proxy_.AccessLines()[0], StartsWith("192.0.2.7:1234 ["));
  EXPECT_EQ(Heard("PROXY TCP4 192.0.3.7 203.0.113.1 1234 143\r\nhello"), "");
  EXPECT_EQ(proxy_.Stats().denied_total(), 1u);
}

TEST_F(EngineProxyProtocolTest, AHeaderInPieces) {
  listener_->set_accept_proxy(true);
  proxy_.Apply();
  const Socket client = proxy_.Connect();
  for (const char c : std::string("PROXY UNKNOWN\r\nh")) {
    ASSERT_TRUE(client.Send({&c, 1}));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ASSERT_TRUE(client.Send("ello"));
  client.HalfClose();
  EXPECT_EQ(client.ReceiveToEnd(), "hello");
}

TEST_F(EngineProxyProtocolTest, WithoutAHeaderTheClientIsRefused) {
  listener_->set_accept_proxy(true);
  proxy_.Apply();
  EXPECT_EQ(Heard("EHLO client\r\n"), "");
  EXPECT_EQ(Heard("PROXY TC"), "");
  EXPECT_EQ(plain_.accepted(), 0);
  EXPECT_EQ(proxy_.Stats().denied_total(), 2u);
}

// A ClientHello with this name, cut to what the reader needs.
std::string Hello(const std::string& name) {
  const auto vector = [](size_t length_bytes, const std::string& body) {
    std::string out;
    for (size_t i = length_bytes; i-- > 0;) out += static_cast<char>(body.size() >> (8 * i));
    return out + body;
  };
  const std::string extension = std::string(2, '\0') + vector(2, vector(2, '\0' + vector(2, name)));
  const std::string body = "\x03\x03" + std::string(32, 'r') + vector(1, "") +
                           vector(2, "\x13\x01") + vector(1, std::string(1, '\0')) +
                           vector(2, extension);
  return "\x16\x03\x01" + vector(2, '\x01' + vector(3, body));
}

TEST_F(EngineProxyProtocolTest, TheServerNameIsLoggedAndBytesPassUntouched) {
  proxy_.service().set_log_sni(true);
  proxy_.Apply();
  const std::string hello = Hello("mail.\x01-example");
  EXPECT_EQ(Heard(hello), hello);
  ASSERT_TRUE(TestProxy::Eventually([&] { return !proxy_.AccessLines().empty(); }));
  EXPECT_THAT(proxy_.AccessLines()[0], HasSubstr(" sni:mail.\\x01-example"));
  EXPECT_EQ(Heard("not TLS"), "not TLS");
}

}  // namespace
}  // namespace aloha::proxy
