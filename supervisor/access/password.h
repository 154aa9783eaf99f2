// Passwords: how they are kept (Argon2id, RFC 9106, by libsodium), and which new ones are accepted.
#ifndef ALOHA_SUPERVISOR_ACCESS_PASSWORD_H_
#define ALOHA_SUPERVISOR_ACCESS_PASSWORD_H_

#include <string>
#include <string_view>

#include "workers/runtime/error.h"

namespace aloha::supervisor {

inline constexpr size_t kShortestPassword = 12;  // characters
inline constexpr size_t kLongestPassword = 256;  // bytes

// The hash of a password that nobody knows: to verify against it takes as long as against any other
// one, so that an unknown name is not told apart by time.
extern const char kNobodysHash[];

// Takes some 70 ms and 32 MiB. Empty: there is no memory.
std::string HashPassword(const std::string& password);
// Takes the same, whatever the answer.
bool VerifyPassword(const std::string& hash, const std::string& password);
// Of the cost that HashPassword has: no file can make a sign-in dearer.
bool IsPasswordHash(const std::string& hash);

// kInvalidArgument with field `field`, and what to do: too short, too long, or easily guessed, such
// as a common one, the user's name, runs on the keyboard, one character again and again.
Result<> CheckNewPassword(std::string_view user, const std::string& password,
                          std::string_view field);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_PASSWORD_H_
