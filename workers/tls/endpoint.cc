#include "workers/tls/endpoint.h"

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "workers/runtime/log.h"
#include "workers/tls/ssl_text.h"

namespace aloha::tls {
namespace {

constexpr char kHandshakeRecord = 22;  // RFC 8446 section 5.1

std::string& Stream(BIO* bio, std::string Endpoint::*stream) {
  return static_cast<Endpoint*>(BIO_get_data(bio))->*stream;
}

int ReadBio(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  std::string& in = Stream(bio, &Endpoint::in);
  const size_t count = std::min(in.size(), static_cast<size_t>(std::max(size, 0)));
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::copy_n(in.begin(), count, out);
  in.erase(0, count);
  return static_cast<int>(count);
}

int WriteBio(BIO* bio, const char* bytes, int size) {
  Stream(bio, &Endpoint::out).append(bytes, static_cast<size_t>(size));
  return size;
}

long ControlBio(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

const BIO_METHOD* Endpoint::Method() {
  static const BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "streams");
    BIO_meth_set_read(made, ReadBio);
    BIO_meth_set_write(made, WriteBio);
    BIO_meth_set_ctrl(made, ControlBio);
    return made;
  }();
  return method;
}

std::unique_ptr<Endpoint> Endpoint::Create(SSL_CTX* context, Side side, Signer& signer,
                                           RemoteKey::Owner& owner) {
  std::unique_ptr<Endpoint> endpoint(new Endpoint(side, signer, owner));
  endpoint->ssl_.reset(SSL_new(context));
  BIO* bio = BIO_new(Method());
  if (!endpoint->ssl_ || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, endpoint.get());
  BIO_set_init(bio, 1);
  SSL* ssl = endpoint->ssl_.get();
  SSL_set_bio(ssl, bio, bio);
  endpoint->key_.Attach(ssl);
  if (side == Side::kServer) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
  return endpoint;
}

// The library would also read the hello of SSL 2.0 and name other protocols; neither is wanted.
bool Endpoint::IsTls() const { return in.front() == kHandshakeRecord; }

Endpoint::State Endpoint::Fail(Failure failure, std::string reason) {
  failure_ = failure;
  reason_ = std::move(reason);
  return State::kFailed;
}

Endpoint::State Endpoint::Run() {
  if (!begun_ && side_ == Side::kServer) {
    if (in.empty()) return State::kReading;
    if (!IsTls()) return Fail(Failure::kNotTls, "the first byte is not one of TLS");
  }
  begun_ = true;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    // A server's tickets of TLS 1.3 wait for the first write.
    if (side_ == Side::kServer && SSL_write(ssl_.get(), "", 0) != 0) {
      return Fail(Failure::kOther, QueuedErrorText());
    }
    return State::kDone;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return State::kReading;
    case SSL_ERROR_WANT_PRIVATE_KEY_OPERATION:
      return State::kSigning;
    default:
      if (!key_.refusal().empty()) {
        return Fail(Failure::kNoSignature, "aloha-keys: " + key_.refusal());
      }
      return FailByQueue();
  }
}

Endpoint::State Endpoint::FailByQueue() {
  std::string reason = QueuedErrorText();
  const Failure failure = QueuedFailure();
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (failure == Failure::kUntrusted && verdict != X509_V_OK &&
      verdict != X509_V_ERR_APPLICATION_VERIFICATION) {
    reason += std::string(": ") + X509_verify_cert_error_string(verdict);
  }
  return Fail(failure, std::move(reason));
}

bssl::UniquePtr<SSL> Endpoint::TakeSsl() {
  SSL_set_bio(ssl_.get(), nullptr, nullptr);
  SSL_set_app_data(ssl_.get(), nullptr);
  return std::move(ssl_);
}

Result<> Endpoint::Export(handoff::v1::Connection& connection) const {
  const SSL* ssl = ssl_.get();
  auto& keys = *connection.mutable_keys();
  keys.set_version(static_cast<uint32_t>(SSL_version(ssl)));
  keys.set_cipher(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)));
  keys.set_client(side_ == Side::kClient);
  keys.set_read_sequence(SSL_get_read_sequence(ssl));
  keys.set_write_sequence(SSL_get_write_sequence(ssl));
  if (keys.version() >= TLS1_3_VERSION) {
    bssl::Span<const uint8_t> read, write;
    if (!bssl::SSL_get_traffic_secrets(ssl, &read, &write)) {
      return aloha::Fail(Code::kInternal, "the library gives no traffic secrets");
    }
    keys.set_read_secret(read.data(), read.size());
    keys.set_write_secret(write.data(), write.size());
  } else {
    std::string block(SSL_get_key_block_len(ssl), '\0');
    if (!SSL_generate_key_block(ssl, reinterpret_cast<uint8_t*>(block.data()), block.size())) {
      return aloha::Fail(Code::kInternal, "the library gives no key block");
    }
    keys.set_key_block(std::move(block));
    const uint8_t *read = nullptr, *write = nullptr;
    size_t size = 0;
    if (keys.version() == TLS1_VERSION && SSL_get_ivs(ssl, &read, &write, &size)) {
      keys.set_read_iv(read, size);
      keys.set_write_iv(write, size);
    }
  }
  const uint8_t* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  connection.mutable_facts()->set_alpn(
      EscapeForLog({reinterpret_cast<const char*>(protocol), length}));
  connection.mutable_facts()->set_resumed(SSL_session_reused(ssl));
  return {};
}

void Wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

void Wipe(handoff::v1::TrafficKeys& keys) {
  Wipe(*keys.mutable_read_secret());
  Wipe(*keys.mutable_write_secret());
  Wipe(*keys.mutable_key_block());
}

}  // namespace aloha::tls
