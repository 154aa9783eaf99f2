// One private key: RSA of 2048 to 8192 bits, or ECDSA with P-256 or P-384. It signs, and it can be
// written out for the key folder; there is no decryption.
#ifndef ALOHA_WORKERS_KEYS_PRIVATE_KEY_H_
#define ALOHA_WORKERS_KEYS_PRIVATE_KEY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "worker/v1/roles.pb.h"
#include "workers/keys/secret.h"
#include "workers/keys/tls_message.h"
#include "workers/runtime/error.h"

struct evp_pkey_st;  // EVP_PKEY of either library

namespace aloha::keys {

// SHA-256 of the public key (SubjectPublicKeyInfo): how a key is known everywhere.
using KeyHash = std::array<uint8_t, 32>;

// Lower-case hexadecimal.
std::string ToHex(std::span<const uint8_t> bytes);
// Nothing when it has another length.
std::optional<KeyHash> ToKeyHash(std::string_view bytes);

struct EvpKeyDeleter {
  void operator()(evp_pkey_st* key) const;
};
using EvpKey = std::unique_ptr<evp_pkey_st, EvpKeyDeleter>;

class PrivateKey {
 public:
  // Checks kind and size, and that the key signs what its public half verifies. kInvalidArgument
  // with a text for people.
  static Result<PrivateKey> Adopt(EvpKey key);
  // PKCS#8 (RFC 5208), all of it.
  static Result<PrivateKey> FromPkcs8(std::span<const uint8_t> der);
  static Result<PrivateKey> Generate(worker::v1::KeyType type);

  Result<SecretBytes> ToPkcs8() const;
  // Hashes the message and signs it. Any thread. kInternal when the library fails.
  Result<std::string> Sign(const Scheme& scheme, std::string_view message) const;

  KeyKind kind() const { return kind_; }
  const KeyHash& hash() const { return hash_; }
  // "RSA 2048", "ECDSA P-256".
  std::string TypeName() const;
  evp_pkey_st* get() const { return key_.get(); }

 private:
  PrivateKey(EvpKey key, KeyKind kind, const KeyHash& hash)
      : key_(std::move(key)), kind_(kind), hash_(hash) {}

  EvpKey key_;
  KeyKind kind_;
  KeyHash hash_;
};

// "RSA 2048", "ECDSA P-256", "Ed25519" … of any public or private key.
std::string KeyTypeName(evp_pkey_st& key);

// The SubjectPublicKeyInfo of any public or private key; empty when the library cannot write it.
std::string PublicKeyDer(evp_pkey_st& key);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_PRIVATE_KEY_H_
