// What private keys are encrypted with at rest, when there is a passphrase.
#ifndef ALOHA_WORKERS_KEYS_PASSPHRASE_H_
#define ALOHA_WORKERS_KEYS_PASSPHRASE_H_

#include <array>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "workers/keys/folder.h"
#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

// How a passphrase becomes a key: Argon2id (RFC 9106).
struct KeyDerivation {
  std::array<uint8_t, 16> salt{};
  uint32_t operations = 0;
  uint32_t memory_kib = 0;

  auto operator<=>(const KeyDerivation&) const = default;
};

class Passphrase {
 public:
  // Empty: there is none.
  explicit Passphrase(SecretBytes text = {}) : text_(std::move(text)) {}

  // From the file key-passphrase, without the end of its line; empty where there is no such file.
  // kFailedPrecondition when it is there but cannot be used: keys must not be kept in clear then.
  static Result<Passphrase> Read(const Folder& secrets);

  bool empty() const { return text_.empty(); }
  // The derivation for what is written now: that of the first file read, so that a start derives
  // once for all files; a new one, with a random salt, where there was none.
  KeyDerivation ForWriting() const;
  // 32 bytes. A derivation takes about 0.1 s and 64 MiB; keys are kept. kInvalidArgument where it
  // would take far more: such a file is not ours. Not for more than one thread at a time.
  Result<const SecretBytes*> Derive(const KeyDerivation& derivation);

 private:
  SecretBytes text_;
  std::map<KeyDerivation, SecretBytes> keys_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_PASSPHRASE_H_
