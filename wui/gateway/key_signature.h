// The signatures of KeyProvider: which scheme of TLS OpenSSL asks for, and the message as it is.
#ifndef ALOHA_WUI_GATEWAY_KEY_SIGNATURE_H_
#define ALOHA_WUI_GATEWAY_KEY_SIGNATURE_H_

#include <openssl/core.h>

#include <array>
#include <cstdint>

#include "wui/gateway/key_provider.h"

namespace aloha::gateway {

// Who signs with a private key, and how it is known there. Copied as bytes.
struct Origin {
  const KeyProvider::Sign* sign = nullptr;  // none: there is only the public half
  std::array<char, 32> key{};
};

struct RemoteKey {
  OSSL_LIB_CTX* context = nullptr;
  const char* type = nullptr;  // "RSA" or "EC"
  EvpKey public_key{};         // one of OpenSSL's own
  Origin origin{};
};

// As tables of OpenSSL have functions of every kind.
void (*AnyFunction(auto* function))() { return reinterpret_cast<void (*)()>(function); }

// What a provider lists for OSSL_OP_SIGNATURE (provider-signature(7)), its keys being RemoteKeys.
const OSSL_DISPATCH* SignatureFunctions();

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_KEY_SIGNATURE_H_
