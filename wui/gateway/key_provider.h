// Private keys that are elsewhere: to OpenSSL they look like any other, and what it wants signed
// goes, whole and unhashed, to whoever signs. A provider (provider(7)) in a library context
// (OSSL_LIB_CTX(3)) of its own, so that nothing but what asks for it ever meets it.
#ifndef ALOHA_WUI_GATEWAY_KEY_PROVIDER_H_
#define ALOHA_WUI_GATEWAY_KEY_PROVIDER_H_

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::gateway {

struct EvpKeyDeleter {
  void operator()(EVP_PKEY* key) const;
};
using EvpKey = std::unique_ptr<EVP_PKEY, EvpKeyDeleter>;

class KeyProvider {
 public:
  // Signs a message with the private half of a key, see SigningClient::Sign. Called within
  // OpenSSL's functions, by the thread that called those.
  using Sign = std::function<Result<std::string>(std::string_view key, uint16_t scheme,
                                                 std::string_view message)>;

  // kInternal: OpenSSL takes no provider.
  static Result<std::unique_ptr<KeyProvider>> Make(Sign sign);
  ~KeyProvider();
  KeyProvider(const KeyProvider&) = delete;
  KeyProvider& operator=(const KeyProvider&) = delete;

  // What TLS is to be used with; with kProperties, it takes all but such keys from OpenSSL itself.
  OSSL_LIB_CTX* context() const { return context_; }
  static constexpr char kProperties[] = "?provider=default";

  // A private key for this public one, RSA or ECDSA with P-256 or P-384; `key` is how whoever signs
  // knows it, 32 bytes. The provider outlives it. kInvalidArgument: no such key.
  Result<EvpKey> MakeKey(const EVP_PKEY& public_key, std::string_view key) const;

 private:
  explicit KeyProvider(Sign sign) : sign_(std::move(sign)) {}

  const Sign sign_;
  OSSL_LIB_CTX* context_ = nullptr;
  OSSL_PROVIDER* built_in_ = nullptr;
  OSSL_PROVIDER* own_ = nullptr;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_KEY_PROVIDER_H_
