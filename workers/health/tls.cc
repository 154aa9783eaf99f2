#include "workers/health/tls.h"

#include <openssl/err.h>

#include <cctype>
#include <cerrno>
#include <utility>

namespace aloha::health {
namespace {

// "wrong version number" from WRONG_VERSION_NUMBER; empties the error queue.
std::string QueuedError() {
  const char* name = ERR_reason_error_string(ERR_peek_error());
  std::string text = name == nullptr ? "unknown error" : name;
  for (char& c : text) {
    c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  ERR_clear_error();
  return text;
}

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::Make() {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (!context || !SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION)) {
    return Fail(Code::kInternal, "TLS client: " + QueuedError());
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), TlsStream::TakeSession);
  return std::unique_ptr<TlsClient>(new TlsClient(std::move(context)));
}

TlsStream::TlsStream(const TlsClient& client, std::string server_name)
    : client_(client), server_name_(std::move(server_name)) {}

Result<> TlsStream::Begin(int socket) {
  ssl_.reset(SSL_new(client_.context()));
  if (!ssl_ || !SSL_set_fd(ssl_.get(), socket) || !SSL_set_app_data(ssl_.get(), this)) {
    return Fail(Code::kInternal, "TLS connection: " + QueuedError());
  }
  if (!server_name_.empty() && !SSL_set_tlsext_host_name(ssl_.get(), server_name_.c_str())) {
    return Fail(Code::kInvalidArgument, "TLS server name: " + QueuedError());
  }
  // Tickets of TLS 1.3 are for one use (RFC 8446 appendix C.4).
  if (session_) SSL_set_session(ssl_.get(), session_.get());
  session_.reset();
  return {};
}

int TlsStream::TakeSession(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsStream*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;  // the session is ours
}

IoResult TlsStream::Handshake() {
  ERR_clear_error();
  return Finish(SSL_connect(ssl_.get()), "TLS handshake");
}

IoResult TlsStream::Send(std::string_view bytes) {
  ERR_clear_error();
  return Finish(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), "TLS");
}

IoResult TlsStream::Receive(std::span<char> buffer) {
  ERR_clear_error();
  return Finish(SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size())), "TLS");
}

IoResult TlsStream::Finish(int result, const char* act) {
  if (result > 0) return {Io::kDone, static_cast<size_t>(result), {}};
  const int error = errno;  // of the socket, before anything else can change it
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Io::kWaitRead, 0, {}};
    case SSL_ERROR_WANT_WRITE:
      return {Io::kWaitWrite, 0, {}};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::kClosed, 0, {}};
    case SSL_ERROR_SYSCALL:
      if (result == 0 || error == 0) return {Io::kClosed, 0, {}};
      return {Io::kFailed, 0, ErrnoText(error)};
    default:
      return {Io::kFailed, 0, std::string(act) + " failed: " + QueuedError()};
  }
}

}  // namespace aloha::health
