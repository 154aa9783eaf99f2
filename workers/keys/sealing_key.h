// The key pair that files and passwords are sealed to (libsodium's crypto_box_seal): whoever
// carries them on the way cannot open them.
#ifndef ALOHA_WORKERS_KEYS_SEALING_KEY_H_
#define ALOHA_WORKERS_KEYS_SEALING_KEY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

class SealingKey {
 public:
  static SealingKey Generate();
  // 32 bytes (X25519); nothing when it has another length.
  static std::optional<SealingKey> FromSecret(std::span<const uint8_t> secret);

  const SecretBytes& secret() const { return secret_; }
  std::string public_key() const { return {public_key_.begin(), public_key_.end()}; }
  // kInvalidArgument: sealed to another key, or changed on the way.
  Result<SecretBytes> Open(std::string_view sealed) const;

 private:
  SealingKey() = default;

  SecretBytes secret_;
  std::array<uint8_t, 32> public_key_{};
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_SEALING_KEY_H_
