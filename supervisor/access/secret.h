// Passwords, tokens and their like: kept in memory no longer than needed, made of the kernel's
// random numbers, and stored as hashes.
#ifndef ALOHA_SUPERVISOR_ACCESS_SECRET_H_
#define ALOHA_SUPERVISOR_ACCESS_SECRET_H_

#include <memory>
#include <string>
#include <string_view>

namespace aloha::supervisor {

// Overwrites it, whoever owns it; what gRPC copied before is out of reach.
void Wipe(const std::string& secret);

// A password in memory, overwritten when its last copy goes.
class Secret {
 public:
  explicit Secret(std::string_view text);

  const std::string& text() const { return *text_; }

 private:
  std::shared_ptr<const std::string> text_;
};

// 32 random bytes in 43 characters (base64url, RFC 4648, section 5, without padding).
std::string NewRandomSecret();
// It has that form.
bool IsRandomSecret(std::string_view text);
// BLAKE2b of it, 32 bytes: so many random bytes need no slow hash.
std::string HashRandomSecret(std::string_view secret);

// What a token of the management API looks like: "aloha_" and a random secret.
inline constexpr std::string_view kTokenPrefix = "aloha_";
bool IsToken(std::string_view text);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_SECRET_H_
