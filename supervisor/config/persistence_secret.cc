#include "supervisor/config/persistence_secret.h"

#include <fmt/format.h>
#include <sodium.h>

namespace aloha::supervisor {
namespace {

constexpr size_t kCookieBytes = 8;

// BLAKE2b (RFC 7693), keyed.
std::string KeyedHash(std::string_view secret, std::string_view message, size_t bytes) {
  const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
  std::string hash(bytes < crypto_generichash_BYTES_MIN ? crypto_generichash_BYTES_MIN : bytes,
                   '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(message.data()), message.size(), key,
                     secret.size());
  hash.resize(bytes);
  return hash;
}

}  // namespace

std::string CookieValue(std::string_view secret, std::string_view cookie, std::string_view server) {
  // Neither name contains a NUL, so no two pairs make one message.
  std::string message = "cookie";
  for (const std::string_view part : {cookie, server}) message.append(1, '\0').append(part);
  std::string value;
  for (const char byte : KeyedHash(secret, message, kCookieBytes)) {
    value += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return value;
}

std::string AuthorizationKey(std::string_view secret) {
  return KeyedHash(secret, "authorization", kSecretBytes);
}

}  // namespace aloha::supervisor
