#include "supervisor/access/password.h"

#include <sodium.h>

#include <array>

namespace aloha::supervisor {
namespace {

// OWASP asks for 19 MiB and two passes at least.
constexpr unsigned long long kPasses = 2;
constexpr size_t kMemoryBytes = size_t{32} << 20;

}  // namespace

const char kNobodysHash[] =
    "$argon2id$v=19$m=32768,t=2,p=1$3twaOqnQbi17Jnr/CA9JlQ$"
    "BLPVBrd7vh+2BUPfUmc0f8sbXkTD+nM97VmZmOG9J/o";

std::string HashPassword(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_str(hash.data(), password.data(), password.size(), kPasses, kMemoryBytes) != 0)
    return {};
  return hash.data();
}

bool VerifyPassword(const std::string& hash, const std::string& password) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool IsPasswordHash(const std::string& hash) {
  return hash.starts_with(crypto_pwhash_STRPREFIX) && hash.size() < crypto_pwhash_STRBYTES &&
         hash.find('\0') == std::string::npos &&
         crypto_pwhash_str_needs_rehash(hash.c_str(), kPasses, kMemoryBytes) == 0;
}

}  // namespace aloha::supervisor
