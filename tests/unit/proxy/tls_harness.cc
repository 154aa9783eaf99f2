#include "tests/unit/proxy/tls_harness.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "workers/runtime/packet.h"

namespace aloha::proxy {
namespace {

constexpr int kPatienceMs = 20'000;

}  // namespace

bool TlsSocket::Send(std::string_view text) {
  while (!text.empty()) {
    peer_->Write(text.substr(0, 16'000));
    if (!socket_.Send(peer_->Sent())) return false;
    text.remove_prefix(std::min<size_t>(text.size(), 16'000));
  }
  return true;
}

std::string TlsSocket::Receive(size_t count) {
  while (text_.size() < count && !peer_->closed() && !peer_->failed()) {
    char wire[64 * 1024];
    const ssize_t got = recv(socket_.fd(), wire, sizeof wire, 0);
    if (got <= 0) break;
    text_ += peer_->Read({wire, static_cast<size_t>(got)});
  }
  std::string taken = text_.substr(0, count);
  text_.erase(0, taken.size());
  return taken;
}

void TlsSocket::Close() {
  peer_->Close();
  socket_.Send(peer_->Sent());
}

TestTls::TestTls(TestProxy& proxy) : proxy_(proxy) { Link(); }

void TestTls::Link() {
  auto pair = MakeSocketPair(SOCK_SEQPACKET);
  ASSERT_TRUE(pair);
  ours_ = std::move(pair->ours);
  proxy_.engine().SetTlsLink(std::move(pair->theirs));
}

TlsSocket TestTls::Connect(int service, const net::TlsKind& kind, std::string_view waiting) {
  Socket client = proxy_.Connect(service);
  pollfd listener{proxy_.listener(service), POLLIN, 0};
  poll(&listener, 1, kPatienceMs);
  UniqueFd accepted(accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  auto peer = std::make_unique<net::TlsPeer>(kind, /*client=*/false);
  EXPECT_TRUE(peer->Handshake());
  handoff::v1::Connection connection;
  connection.mutable_listener()->set_address("127.0.0.1");
  connection.mutable_listener()->set_port(proxy_.port(service));
  *connection.mutable_keys() = peer->Keys();
  connection.mutable_facts()->set_server_name("mail.example.org");
  (void)peer->Sent();  // of the handshake
  if (!waiting.empty()) {
    peer->Write(waiting);
    connection.set_partial_record(peer->Sent());
  }
  HandOver(connection, accepted.get());
  if (keep_copies_) copies_.push_back(std::move(accepted));
  return TlsSocket(std::move(client), std::move(peer));
}

void TestTls::HandOver(const handoff::v1::Connection& connection, int descriptor) {
  handoff::v1::FromTls message;
  *message.mutable_connection() = connection;
  Send(message, descriptor);
}

void TestTls::Send(const handoff::v1::FromTls& message, int descriptor) {
  const int descriptors[] = {descriptor};
  const std::span<const int> all(descriptors, descriptor < 0 ? 0 : 1);
  EXPECT_TRUE(SendPacket(ours_.get(), message.SerializeAsString(), all));
}

std::optional<handoff::v1::ToTls> TestTls::Receive(UniqueFd& socket) {
  pollfd link{ours_.get(), POLLIN, 0};
  if (poll(&link, 1, kPatienceMs) != 1) return std::nullopt;
  auto packet = ReceivePacket(ours_.get());
  handoff::v1::ToTls message;
  if (!packet || !message.ParseFromString(packet->payload)) return std::nullopt;
  if (!packet->descriptors.empty()) socket = std::move(packet->descriptors[0]);
  return message;
}

std::unique_ptr<net::TlsPeer> TestTls::Secure(const net::TlsKind& kind) {
  UniqueFd socket;
  const auto asked = Receive(socket);
  EXPECT_TRUE(asked && asked->has_handshake() && socket);
  return Answer(asked->handshake(), socket.get(), kind);
}

std::unique_ptr<net::TlsPeer> TestTls::Answer(const handoff::v1::Handshake& asked, int socket,
                                              const net::TlsKind& kind) {
  auto peer = std::make_unique<net::TlsPeer>(kind, /*client=*/true);
  EXPECT_TRUE(peer->Handshake());
  handoff::v1::Connection connection;
  connection.set_request_id(asked.request_id());
  *connection.mutable_keys() = peer->Keys();
  HandOver(connection, socket);
  return peer;
}

}  // namespace aloha::proxy
