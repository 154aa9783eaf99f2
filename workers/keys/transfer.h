// What is inside of something that one aloha-keys sealed for another, or for a backup: what it is
// for, and the secret. What was made for one purpose is taken for no other, so that a private key
// cannot be opened as if it were a secret of the supervisor's.
#ifndef ALOHA_WORKERS_KEYS_TRANSFER_H_
#define ALOHA_WORKERS_KEYS_TRANSFER_H_

#include <cstdint>
#include <span>

#include "workers/keys/private_key.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

enum class Purpose : uint8_t { kPrivateKey = 1, kSupervisorSecret = 2, kBackup = 3 };

// Of a secret of the supervisor's.
inline constexpr size_t kMaxSecretBytes = 1 << 20;

SecretBytes WrapSecret(Purpose purpose, std::span<const uint8_t> secret);
// kPermissionDenied: it is for something else, or nothing that WrapSecret made.
Result<std::span<const uint8_t>> UnwrapSecret(Purpose purpose, std::span<const uint8_t> wrapped);

Result<SecretBytes> WrapKey(const PrivateKey& key);
// kPermissionDenied as above, or not a private key of a kind that is kept here.
Result<PrivateKey> UnwrapKey(std::span<const uint8_t> wrapped);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_TRANSFER_H_
