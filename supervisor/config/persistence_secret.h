// What follows from the secret that both nodes share: values of persistence cookies, and the key of
// the hashes that stand for Authorization values. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PERSISTENCE_SECRET_H_
#define ALOHA_SUPERVISOR_CONFIG_PERSISTENCE_SECRET_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace aloha::supervisor {

// Bytes of the secret, and of the key.
inline constexpr size_t kSecretBytes = 32;

// The value that means `server` in the cookie named `cookie`: 16 hexadecimal digits of a keyed
// hash, which tell a client neither name nor address. `secret` has at most 64 bytes.
std::string CookieValue(std::string_view secret, std::string_view cookie, std::string_view server);

// Key of the hashes of Authorization values: kSecretBytes bytes.
std::string AuthorizationKey(std::string_view secret);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PERSISTENCE_SECRET_H_
