// An encrypted backup: what the supervisor gives to it, and private keys, encrypted with a key that
// comes from a passphrase.
//
//   0   1  version: 1
//   1   16 salt     17  4 operations     21  4 memory, KiB     of Argon2id (RFC 9106)
//   25  24 header of libsodium's secretstream (XChaCha20-Poly1305)
//   then messages of the stream, each after its length (4 bytes): the content, then a private key
//   each, as transfer.h wraps them; the last one has the final tag, so that none can be missing.
//
// Numbers are big-endian. The stream is bound to what stands in clear beside it (`header`).
#ifndef ALOHA_WORKERS_KEYS_BACKUP_H_
#define ALOHA_WORKERS_KEYS_BACKUP_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workers/keys/passphrase.h"
#include "workers/keys/private_key.h"
#include "workers/keys/sealing_key.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

inline constexpr size_t kMaxBackupKeys = 1'000;
// Of what is sealed.
inline constexpr size_t kMaxBackupContent = 2 << 20, kMaxSealedBackup = 3 << 20;

// A SealedPassphrase that was sealed to this key. kInvalidArgument: it is none, or shorter than 12
// or longer than 1,024 bytes.
Result<Passphrase> OpenPassphrase(const SealingKey& key, std::string_view sealed);

// kInvalidArgument: the content is too large; kResourceExhausted: all of it is.
Result<std::string> SealBackup(Passphrase& passphrase, std::string_view header,
                               std::string_view content, std::span<const PrivateKey* const> keys);

struct OpenedBackup {
  SecretBytes content;
  std::vector<PrivateKey> keys;
};
// kInvalidArgument: not of this form; kPermissionDenied: another passphrase, another header, or it
// was changed.
Result<OpenedBackup> OpenBackup(Passphrase& passphrase, std::string_view header,
                                std::string_view sealed);

// The stream alone, for the fuzzer as well; `key`: 32 bytes. Errors as OpenBackup.
Result<OpenedBackup> OpenStream(const SecretBytes& key, std::string_view header,
                                std::span<const uint8_t> stream);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_BACKUP_H_
