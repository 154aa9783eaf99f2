#include "workers/tls/remote_key.h"

#include <algorithm>
#include <utility>

namespace aloha::tls {
namespace {

RemoteKey& KeyOf(SSL* ssl) { return *static_cast<RemoteKey*>(SSL_get_app_data(ssl)); }

}  // namespace

const SSL_PRIVATE_KEY_METHOD RemoteKey::kMethod = {
    .sign =
        [](SSL* ssl, uint8_t*, size_t*, size_t, uint16_t scheme, const uint8_t* in, size_t in_len) {
          return KeyOf(ssl).Begin(scheme, {reinterpret_cast<const char*>(in), in_len});
        },
    // Static RSA, which no profile has. The library calls it all the same when a client offers
    // nothing else, so there must be one.
    .decrypt = [](SSL*, uint8_t*, size_t*, size_t, const uint8_t*,
                  size_t) { return ssl_private_key_failure; },
    .complete = [](SSL* ssl, uint8_t* out, size_t* out_len,
                   size_t max_out) { return KeyOf(ssl).Complete(out, out_len, max_out); },
};

RemoteKey::~RemoteKey() {
  if (state_ == State::kAsked) signer_.Forget(request_);
}

bool RemoteKey::Use(SSL* ssl, const Certificate& certificate) {
  key_ = certificate.key;
  std::vector<CRYPTO_BUFFER*> chain;
  for (const auto& one : certificate.chain) chain.push_back(one.get());
  if (!SSL_set_chain_and_key(ssl, chain.data(), chain.size(), nullptr, &kMethod)) return false;
  const std::string& ocsp = certificate.ocsp_response;
  return ocsp.empty() ||
         SSL_set_ocsp_response(ssl, reinterpret_cast<const uint8_t*>(ocsp.data()), ocsp.size());
}

ssl_private_key_result_t RemoteKey::Begin(uint16_t scheme, std::string_view message) {
  state_ = State::kAsked;
  request_ = signer_.Sign(key_, scheme, message, *this);
  return ssl_private_key_retry;
}

ssl_private_key_result_t RemoteKey::Complete(uint8_t* out, size_t* out_len, size_t max_out) {
  if (state_ == State::kAsked) return ssl_private_key_retry;
  const bool signed_well = state_ == State::kSigned && signature_.size() <= max_out;
  state_ = State::kIdle;
  if (!signed_well) return ssl_private_key_failure;
  std::copy(signature_.begin(), signature_.end(), out);
  *out_len = signature_.size();
  return ssl_private_key_success;
}

void RemoteKey::OnSignature(Result<std::string> signature) {
  state_ = signature ? State::kSigned : State::kRefused;
  if (signature) {
    signature_ = std::move(*signature);
  } else {
    refusal_ = signature.error().message;
  }
  owner_.OnKeyReady();
}

bool UseCertificate(SSL* ssl, const Certificate& certificate) {
  return KeyOf(ssl).Use(ssl, certificate);
}

}  // namespace aloha::tls
