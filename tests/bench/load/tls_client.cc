#include "tests/bench/load/tls_client.h"

#include <openssl/err.h>

#include "tests/bench/load/socket.h"

namespace aloha::load {
namespace {

constexpr char kCiphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
// P-256 is for certificates with such keys: in TLS 1.2 the list is about them, too.
constexpr char kCurves[] = "X25519:P-256";
constexpr char kServerName[] = "bench.test";

// BoringSSL's callback for new sessions; 1: the session is ours now.
int KeepSession(SSL* connection, SSL_SESSION* session) {
  static_cast<TlsSession*>(SSL_get_app_data(connection))->reset(session);
  return 1;
}

}  // namespace

TlsClient::TlsClient(uint16_t version) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  if (context == nullptr || !SSL_CTX_set_min_proto_version(context, version) ||
      !SSL_CTX_set_max_proto_version(context, version) ||
      !SSL_CTX_set_strict_cipher_list(context, kCiphers) ||
      !SSL_CTX_set1_curves_list(context, kCurves)) {
    Die("BoringSSL");
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, KeepSession);
}

bssl::UniquePtr<SSL> TlsClient::Connect(int fd, SSL_SESSION* offered, TlsSession& received) const {
  bssl::UniquePtr<SSL> connection(SSL_new(context_.get()));
  if (connection == nullptr || !SSL_set_fd(connection.get(), fd) ||
      !SSL_set_tlsext_host_name(connection.get(), kServerName) ||
      (offered != nullptr && !SSL_set_session(connection.get(), offered))) {
    Die("BoringSSL");
  }
  SSL_set_app_data(connection.get(), &received);
  SSL_set_connect_state(connection.get());
  return connection;
}

Progress Outcome(const SSL* connection, int result) {
  const int error = SSL_get_error(connection, result);
  const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  if (!waits) ERR_clear_error();
  return waits ? Progress::kWaiting : Progress::kFailed;
}

Progress AwaitSession(SSL* connection, const TlsSession& received) {
  if (received != nullptr) return Progress::kDone;
  if (SSL_version(connection) == TLS1_2_VERSION) {
    return SSL_session_reused(connection) ? Progress::kDone : Progress::kFailed;
  }
  char byte;
  const int result = SSL_read(connection, &byte, 1);
  if (result > 0) return Progress::kFailed;
  const Progress outcome = Outcome(connection, result);
  return outcome == Progress::kWaiting && received != nullptr ? Progress::kDone : outcome;
}

std::string SuiteOf(const SSL* connection) {
  return std::string(SSL_get_version(connection)) + ' ' +
         SSL_CIPHER_standard_name(SSL_get_current_cipher(connection)) + ' ' +
         SSL_get_curve_name(SSL_get_curve_id(connection));
}

bool SendAllTls(SSL* connection, std::span<const std::byte> data) {
  return SSL_write(connection, data.data(), static_cast<int>(data.size())) > 0;
}

bool ReceiveAllTls(SSL* connection, std::span<std::byte> data) {
  while (!data.empty()) {
    const int n = SSL_read(connection, data.data(), static_cast<int>(data.size()));
    if (n <= 0) return false;
    data = data.subspan(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace aloha::load
