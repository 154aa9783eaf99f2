// Who is let in, and how far; connections out.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/gateway/nodes.h"

namespace aloha::gateway {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

// Until the other side ends; false: it did not within ten seconds.
bool Ends(const UniqueFd& fd) {
  const timeval patience{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char buffer[1024];
  ssize_t count = 0;
  while ((count = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0) {
  }
  return count == 0 || errno == ECONNRESET;
}

TEST(Link, PairedNodesCallEachOther) {
  TestNode one, other;
  one.Admit(&other);
  other.Admit(&one);
  one.SetPeer(other, other.port());
  other.SetPeer(one, one.port());
  for (TestNode* node : {&one, &other, &one}) {
    const grpc::Status status = node->Hello();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  const auto metadata = other.supervisor().metadata();
  EXPECT_EQ(metadata.find("aloha-node-key")->second, node::Hex(one.key()));
  EXPECT_EQ(metadata.find("aloha-address")->second, "127.0.0.1");
  // The second call of a node used the connection of its first.
  EXPECT_EQ(other.stats().accepted, 1U);
}

TEST(Link, AStrangerIsToldWhy) {
  TestNode one, other, stranger;
  one.Admit(&other);
  const grpc::Status hello = stranger.HelloAt(one.port());
  EXPECT_EQ(hello.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(hello.error_message(), HasSubstr("not paired with yours"));
  EXPECT_EQ(stranger.JoinAt(one.port()).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(one.refused("stranger"), 2U);
  EXPECT_TRUE(one.supervisor().metadata().empty());
}

TEST(Link, WhoJoinsMayDoNothingElse) {
  TestNode one, joiner;
  one.Admit(nullptr, true);
  EXPECT_TRUE(joiner.JoinAt(one.port()).ok());
  EXPECT_EQ(one.supervisor().metadata().find("aloha-node-key")->second, node::Hex(joiner.key()));
  EXPECT_EQ(joiner.HelloAt(one.port()).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(one.stats().joining, 2U);
}

TEST(Link, WhereNobodyIsAwaitedNobodyComes) {
  TestNode one, other;
  EXPECT_TRUE(Ends(Connect(one.port())));
  EXPECT_EQ(other.HelloAt(one.port()).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(one.refused("not_paired"), 2U);
}

TEST(Link, WithoutACertificateOfANodeNobodyComes) {
  TestNode one, other;
  one.Admit(&other);
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tlsv13);
  const grpc::Status none = TestNode::HelloWith(context, one.port());
  EXPECT_EQ(none.error_code(), StatusCode::UNAUTHENTICATED) << none.error_message();
  EXPECT_EQ(none.error_message(), "it showed no certificate");
  EXPECT_EQ(one.refused("no_certificate"), 1U);
  auto old = std::make_shared<asio::ssl::context>(asio::ssl::context::tlsv12);
  EXPECT_THAT(TestNode::HelloWith(old, one.port()).error_message(), HasSubstr("TLS handshake"));
  EXPECT_EQ(one.refused("handshake"), 1U);
}

TEST(Link, ACertificateEnds) {
  TestNode one, other;
  one.Admit(&other);
  other.Certify(-2 * 86400);
  const grpc::Status late = other.HelloAt(one.port());
  EXPECT_EQ(late.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(late.error_message(), HasSubstr("one of the two clocks is wrong"));
  EXPECT_EQ(one.refused("expired"), 1U);
  other.Certify();
  EXPECT_TRUE(other.HelloAt(one.port()).ok());
  // The other way round as well.
  one.Certify(86400);
  EXPECT_THAT(other.HelloAt(one.port()).error_message(), HasSubstr("one of the two clocks"));
}

TEST(Link, AnotherNodeAtTheAddressIsNotThePairedOne) {
  TestNode one, other, third;
  third.Admit(&one);
  one.SetPeer(other, third.port());
  const grpc::Status status = one.Hello();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("not the paired one"));
  EXPECT_TRUE(third.supervisor().metadata().empty());
}

TEST(Link, UnpairingEndsConnections) {
  TestNode one, other;
  one.Admit(&other);
  other.SetPeer(one, one.port());
  ASSERT_TRUE(other.Hello().ok());
  one.Admit(nullptr);
  EXPECT_EQ(one.connections(), 0U);
  EXPECT_TRUE(Until([&] { return !other.Hello().ok(); }));
  one.Admit(&other);
  EXPECT_TRUE(Until([&] { return other.Hello().ok(); }));
  other.ForgetPeer();
  EXPECT_THAT(other.Hello().error_message(), HasSubstr("not paired"));
}

TEST(Link, WhoDoesNotAnswerIsTold) {
  TestNode one, other;
  one.SetPeer(other, 1);
  EXPECT_EQ(one.Hello().error_message(), "127.0.0.1:1: Connection refused");
}

TEST(Link, ConnectionsOfStrangersAreFew) {
  TestNode one, other;
  one.Admit(&other);
  other.SetPeer(one, one.port());
  ASSERT_TRUE(other.Hello().ok());
  std::vector<UniqueFd> slow;
  for (int i = 0; i < Entrance::kMaxPerClient; ++i) slow.push_back(Connect(one.port()));
  ASSERT_TRUE(Until([&] { return one.connections() == Entrance::kMaxPerClient + 1; }));
  EXPECT_TRUE(Ends(Connect(one.port())));
  EXPECT_EQ(one.refused("too_many"), 1U);
  EXPECT_TRUE(other.Hello().ok());  // it has its connection
  for (const UniqueFd& fd : slow) EXPECT_TRUE(Ends(fd));
  EXPECT_TRUE(Until([&] { return one.refused("timeout") == Entrance::kMaxPerClient; }));
}

TEST(Link, GarbageIsClosed) {
  TestNode one, other;
  one.Admit(&other);
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5000, '\xff'),
        std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    const UniqueFd fd = Connect(one.port());
    send(fd.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(Ends(fd));
  }
  EXPECT_EQ(one.refused("handshake"), 4U);
  EXPECT_EQ(one.connections(), 0U);
  EXPECT_TRUE(other.HelloAt(one.port()).ok());
}

TEST(TlsIdentity, TakesTheCertificateOfItsKeyAlone) {
  ASSERT_TRUE(PrepareTls());
  TlsIdentity identity;
  EXPECT_EQ(identity.Use("").error().code, Code::kInvalidArgument);
  EXPECT_FALSE(identity.context());
}

}  // namespace
}  // namespace aloha::gateway
