// The TLS client of probes (BoringSSL). It verifies no certificate: a check asks whether the
// service lives, and accepts every version from TLS 1.0 because old Exchange servers speak nothing
// newer.
#ifndef ALOHA_WORKERS_HEALTH_TLS_H_
#define ALOHA_WORKERS_HEALTH_TLS_H_

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "workers/health/io.h"
#include "workers/runtime/error.h"

namespace aloha::health {

// What all probes share. Needs no file. Outlives its streams.
class TlsClient {
 public:
  static Result<std::unique_ptr<TlsClient>> Make();
  SSL_CTX* context() const { return context_.get(); }

 private:
  explicit TlsClient(bssl::UniquePtr<SSL_CTX> context) : context_(std::move(context)) {}

  const bssl::UniquePtr<SSL_CTX> context_;
};

// The TLS connections of one check, one at a time. The newest session ticket is used for the next
// connection, which saves both sides the public-key work; a server that does not accept it makes a
// full handshake.
class TlsStream {
 public:
  // server_name: SNI; empty: none.
  TlsStream(const TlsClient& client, std::string server_name);

  // Starts anew on a socket that stays the caller's.
  Result<> Begin(int socket);
  IoResult Handshake();
  IoResult Send(std::string_view bytes);
  IoResult Receive(std::span<char> buffer);
  // Forgets the connection without a word to the server.
  void End() { ssl_.reset(); }

 private:
  friend class TlsClient;
  static int TakeSession(SSL* ssl, SSL_SESSION* session);
  IoResult Finish(int result, const char* act);

  const TlsClient& client_;
  const std::string server_name_;
  bssl::UniquePtr<SSL> ssl_;
  bssl::UniquePtr<SSL_SESSION> session_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_TLS_H_
