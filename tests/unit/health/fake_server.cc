#include "tests/unit/health/fake_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <csignal>
#include <utility>

namespace aloha::health {
namespace {

// Binds a loopback port that the kernel chooses.
UniqueFd BindLoopback(uint16_t* port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

SSL_CTX* MakeServerContext() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  EXPECT_TRUE(EC_KEY_generate_key(ec.get()) && EVP_PKEY_set1_EC_KEY(key.get(), ec.get()));
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  EXPECT_TRUE(X509_sign(certificate.get(), key.get(), EVP_sha256()));
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  EXPECT_TRUE(SSL_CTX_use_certificate(context, certificate.get()));
  EXPECT_TRUE(SSL_CTX_use_PrivateKey(context, key.get()));
  return context;
}

}  // namespace

FakeServer::FakeServer(FakeServerScript script) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);
  listener_ = BindLoopback(&port_);
  EXPECT_EQ(listen(listener_.get(), 64), 0);
  if (script_.tls) context_ = MakeServerContext();
  thread_ = std::thread([this] { Serve(); });
}

FakeServer::~FakeServer() {
  stopping_ = true;
  thread_.join();
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

void FakeServer::Serve() {
  while (!stopping_) {
    pollfd ready{listener_.get(), POLLIN, 0};
    if (poll(&ready, 1, 20) != 1) continue;
    UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ++connections_;
    // A client that stays silent must not hold the others up for long.
    const timeval patience{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    Talk(std::move(client));
  }
}

void FakeServer::Talk(UniqueFd client) {
  bssl::UniquePtr<SSL> ssl;
  if (context_ != nullptr) {
    ssl.reset(SSL_new(static_cast<SSL_CTX*>(context_)));
    SSL_set_fd(ssl.get(), client.get());
    if (SSL_accept(ssl.get()) != 1) return;
    if (SSL_session_reused(ssl.get())) ++resumed_;
  }
  bool wait = !script_.greets;
  for (const std::string& line : script_.says) {
    char buffer[4096];
    if (wait) {
      const auto received = ssl ? SSL_read(ssl.get(), buffer, sizeof(buffer))
                                : recv(client.get(), buffer, sizeof(buffer), 0);
      if (received <= 0) return;
    }
    wait = true;
    const int size = static_cast<int>(line.size());
    if (ssl ? SSL_write(ssl.get(), line.data(), size) != size
            : send(client.get(), line.data(), line.size(), MSG_NOSIGNAL) != size) {
      return;
    }
  }
  if (script_.end == FakeServerScript::End::kReset) {
    const linger reset{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  } else if (script_.end == FakeServerScript::End::kStall) {
    stalled_.push_back(std::move(client));
  }
}

uint16_t UnusedPort() {
  uint16_t port = 0;
  BindLoopback(&port);
  return port;
}

}  // namespace aloha::health
