// The form of a file in the key folder: a header that says what it is, and the secret, clear or
// encrypted.
//
//   0   8  "ALOHAKEY"
//   8   1  version: 1
//   9   1  content: 1 private key in PKCS#8, 2 secret of the sealing key (X25519), 3 secrets of the
//          node key (Ed25519) and the box key (X25519), 4 the paired node (StoredPeer)
//   10  1  protection: 0 none, 1 Argon2id and XChaCha20-Poly1305
//   11  1  0
//   with protection 1:
//   12  16 salt       28  4 operations       32  4 memory, KiB       36  24 nonce
//   then the secret; encrypted with everything before it as additional data.
//
// Numbers are big-endian.
#ifndef ALOHA_WORKERS_KEYS_CONTAINER_H_
#define ALOHA_WORKERS_KEYS_CONTAINER_H_

#include <cstdint>
#include <span>

#include "workers/keys/passphrase.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

enum class Content : uint8_t { kPkcs8 = 1, kSealingSecret = 2, kNodeSecrets = 3, kPeer = 4 };

// Encrypts when there is a passphrase.
Result<SecretBytes> WriteContainer(Content content, std::span<const uint8_t> secret,
                                   Passphrase& passphrase);

struct OpenedContainer {
  SecretBytes secret;
  bool encrypted = false;
};
// kInvalidArgument: not such a file, or cut off; kPermissionDenied: encrypted, and the passphrase
// is missing, another one, or the file was changed.
Result<OpenedContainer> ReadContainer(Content content, std::span<const uint8_t> file,
                                      Passphrase& passphrase);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_CONTAINER_H_
