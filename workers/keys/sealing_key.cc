#include "workers/keys/sealing_key.h"

#include <sodium.h>

namespace aloha::keys {

static_assert(crypto_box_PUBLICKEYBYTES == 32 && crypto_box_SECRETKEYBYTES == 32);

SealingKey SealingKey::Generate() {
  SealingKey key;
  key.secret_.resize(crypto_box_SECRETKEYBYTES);
  crypto_box_keypair(key.public_key_.data(), key.secret_.data());
  return key;
}

std::optional<SealingKey> SealingKey::FromSecret(std::span<const uint8_t> secret) {
  if (secret.size() != crypto_box_SECRETKEYBYTES) return std::nullopt;
  SealingKey key;
  key.secret_.assign(secret.begin(), secret.end());
  if (crypto_scalarmult_base(key.public_key_.data(), key.secret_.data()) != 0) return std::nullopt;
  return key;
}

Result<SecretBytes> SealingKey::Open(std::string_view sealed) const {
  constexpr const char* kText =
      "the file is not sealed to this machine's key, or was changed on the way; seal it again";
  if (sealed.size() < crypto_box_SEALBYTES) return Fail(Code::kInvalidArgument, kText);
  SecretBytes opened(sealed.size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(opened.data(), reinterpret_cast<const uint8_t*>(sealed.data()),
                           sealed.size(), public_key_.data(), secret_.data()) != 0)
    return Fail(Code::kInvalidArgument, kText);
  return opened;
}

}  // namespace aloha::keys
