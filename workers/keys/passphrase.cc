#include "workers/keys/passphrase.h"

#include <sodium.h>

namespace aloha::keys {
namespace {

constexpr uint32_t kOperations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr uint32_t kMemoryKib = crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024;
// What a file may ask for.
constexpr uint32_t kMaxOperations = 16, kMaxMemoryKib = 512 * 1024;

}  // namespace

Result<Passphrase> Passphrase::Read(const Folder& secrets) {
  constexpr size_t kMaxBytes = 4096;
  Result<SecretBytes> text = secrets.Read("key-passphrase", kMaxBytes);
  if (!text && text.error().code == Code::kNotFound) return Passphrase();
  if (!text) return Fail(Code::kFailedPrecondition, "file key-passphrase: " + text.error().message);
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) return Fail(Code::kFailedPrecondition, "file key-passphrase is empty");
  return Passphrase(std::move(*text));
}

KeyDerivation Passphrase::ForWriting() const {
  if (!keys_.empty()) return keys_.begin()->first;
  KeyDerivation derivation{.operations = kOperations, .memory_kib = kMemoryKib};
  randombytes_buf(derivation.salt.data(), derivation.salt.size());
  return derivation;
}

Result<const SecretBytes*> Passphrase::Derive(const KeyDerivation& derivation) {
  if (const auto found = keys_.find(derivation); found != keys_.end()) return &found->second;
  if (derivation.operations > kMaxOperations || derivation.memory_kib > kMaxMemoryKib)
    return Fail(Code::kInvalidArgument, "asks for too costly a key derivation");
  SecretBytes key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  if (crypto_pwhash(key.data(), key.size(), reinterpret_cast<const char*>(text_.data()),
                    text_.size(), derivation.salt.data(), derivation.operations,
                    size_t{derivation.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Fail(Code::kResourceExhausted, "no memory to derive a key from the passphrase");
  return &keys_.emplace(derivation, std::move(key)).first->second;
}

}  // namespace aloha::keys
