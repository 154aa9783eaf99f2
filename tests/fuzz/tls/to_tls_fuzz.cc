// Packets of aloha-proxy, with and without a descriptor, and the session tickets in them, which
// servers made up. The first byte tells whether a descriptor goes along.
#include <fcntl.h>
#include <openssl/nid.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/unit/tls/test_certificate.h"
#include "workers/tls/proxy_link.h"
#include "workers/tls/server_sessions.h"

namespace tls = aloha::tls;
using aloha::UniqueFd;

namespace {

void Require(bool holds) {
  if (!holds) abort();
}

// The client's SSL of a handshake with TLS 1.3, as TicketWaiters keeps it.
bssl::UniquePtr<SSL> ConnectedClient() {
  const auto certificate = tls::TestCertificate::Make("a", NID_X9_62_prime256v1, {"a.test"});
  const bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  const std::string& der = certificate.message.chain(0);
  const bssl::UniquePtr<CRYPTO_BUFFER> leaf(
      CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
  CRYPTO_BUFFER* chain[] = {leaf.get()};
  SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION);
  Require(SSL_CTX_set_chain_and_key(context.get(), chain, 1, certificate.key.get(), nullptr));
  bssl::UniquePtr<SSL> client(SSL_new(context.get())), server(SSL_new(context.get()));
  BIO *ours = nullptr, *theirs = nullptr;
  Require(BIO_new_bio_pair(&ours, 0, &theirs, 0));
  SSL_set_bio(client.get(), ours, ours);
  SSL_set_bio(server.get(), theirs, theirs);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int i = 0; i < 4; ++i) {
    (void)SSL_do_handshake(client.get());
    (void)SSL_do_handshake(server.get());
  }
  Require(SSL_is_init_finished(client.get()) && SSL_version(client.get()) == TLS1_3_VERSION);
  SSL_set_bio(client.get(), nullptr, nullptr);
  return client;
}

struct Owner final : tls::ProxyLink::Owner {
  void OnProxyRequest(uint64_t, aloha::handoff::v1::ToTls& request, UniqueFd socket) override {
    Require(++requests == 1 && (!socket || with_descriptor));
    if (!request.has_ticket()) return;
    static SSL* const client = ConnectedClient().release();
    const std::string& message = request.ticket().message();
    tls::ServerSessions sessions;
    sessions.Put({},
                 bssl::UniquePtr<SSL_SESSION>(SSL_process_tls13_new_session_ticket(
                     client, reinterpret_cast<const uint8_t*>(message.data()), message.size())));
    const auto session = sessions.Get({});
    Require(!session || SSL_SESSION_get_timeout(session.get()) <= 2 * 3600);
  }
  void OnBlocked(bool) override {}

  bool with_descriptor = false;
  int requests = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static aloha::Log log({.program = "fuzz", .level = aloha::LogLevel::kError});
  static const UniqueFd descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (size < 2 || size > aloha::kMaxPacketBytes) return 0;
  auto pair = aloha::MakeSocketPair(SOCK_SEQPACKET);
  auto reactor = aloha::net::Reactor::Create();
  Require(pair.has_value() && reactor.has_value());
  Owner owner;
  owner.with_descriptor = data[0] & 1;
  std::atomic<uint32_t> waiting{0};
  {
    tls::ProxyLink link(**reactor, log, waiting, owner);
    link.Use(std::make_shared<tls::Peer>(1, std::move(pair->theirs)));
    const int fd = descriptor.get();
    const std::string_view packet(reinterpret_cast<const char*>(data) + 1, size - 1);
    Require(aloha::SendPacket(pair->ours.get(), packet, std::span(&fd, data[0] & 1)).has_value());
    (*reactor)->Stop();
    (*reactor)->Run();
  }
  Require(waiting == 0);
  return 0;
}
