// The one-time code by which two nodes are paired: 128 random bits and 22 that follow from them, so
// that a mistyped code is told at once and without asking anybody. Written as 30 of the digits and
// letters that cannot be taken for one another (Crockford's base 32), in groups of five.
//
// It is long enough that who sees a message made with it cannot find it by trying, and so needs no
// protocol that hides it (a PAKE).
#ifndef ALOHA_WORKERS_KEYS_PAIRING_CODE_H_
#define ALOHA_WORKERS_KEYS_PAIRING_CODE_H_

#include <string>
#include <string_view>

#include "workers/keys/secret.h"
#include "workers/runtime/error.h"

namespace aloha::keys {

inline constexpr size_t kPairingSecretBytes = 16;

// 16 random bytes.
SecretBytes MakePairingSecret();

// "7XKQ2-…": 35 characters.
std::string WritePairingCode(const SecretBytes& secret);

// Small letters, blanks, and O, I, L for 0 and 1 are taken as they are meant. kInvalidArgument: it
// is mistyped.
Result<SecretBytes> ReadPairingCode(std::string_view code);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_PAIRING_CODE_H_
