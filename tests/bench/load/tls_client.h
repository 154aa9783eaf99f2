// TLS connections of the load tool: BoringSSL, certificates not verified.
#ifndef ALOHA_TESTS_BENCH_LOAD_TLS_CLIENT_H_
#define ALOHA_TESTS_BENCH_LOAD_TLS_CLIENT_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <span>
#include <string>

namespace aloha::load {

using TlsSession = bssl::UniquePtr<SSL_SESSION>;

// How far a call without waiting came.
enum class Progress { kDone, kWaiting, kFailed };

// What connections of one version have in common.
class TlsClient {
 public:
  // `version`: TLS1_2_VERSION or TLS1_3_VERSION, no other is negotiated. Prefers X25519 and, in
  // TLS 1.2, offers AES-128-GCM with SHA-256 alone.
  explicit TlsClient(uint16_t version);

  // Over a socket that is connected or on its way there, and stays the caller's. Offers `offered`
  // unless it is null. A session that can be resumed is put into `received`, which outlives the
  // connection, as often as the server sends one.
  bssl::UniquePtr<SSL> Connect(int fd, SSL_SESSION* offered, TlsSession& received) const;

 private:
  bssl::UniquePtr<SSL_CTX> context_;
};

// Outcome(connection, result): What a call that returned `result`, not above 0, came to.
Progress Outcome(const SSL* connection, int result);

// AwaitSession(connection, received): Reads until the server has sent a session: in TLS 1.3 a
// NewSessionTicket after the handshake; in TLS 1.2 it was there with the handshake, or never comes.
// Anything else from the server is a failure.
Progress AwaitSession(SSL* connection, const TlsSession& received);

// SuiteOf(connection): Version, suite and curve that were negotiated:
// "TLSv1.3 TLS_AES_128_GCM_SHA256 X25519".
std::string SuiteOf(const SSL* connection);

// SendAllTls(connection, data), ReceiveAllTls(connection, data): On a blocking socket. False when
// the peer is gone.
bool SendAllTls(SSL* connection, std::span<const std::byte> data);
bool ReceiveAllTls(SSL* connection, std::span<std::byte> data);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_TLS_CLIENT_H_
