#include "supervisor/access/secret.h"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace aloha::supervisor {
namespace {

constexpr size_t kRandomBytes = 32;
constexpr size_t kCharacters = 43;
constexpr size_t kHashBytes = 32;

bool IsBase64Url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

void Wipe(const std::string& secret) {
  sodium_memzero(const_cast<char*>(secret.data()), secret.size());
}

Secret::Secret(std::string_view text)
    : text_(new std::string(text), [](const std::string* gone) {
        Wipe(*gone);
        delete gone;
      }) {}

std::string NewRandomSecret() {
  std::array<unsigned char, kRandomBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, kCharacters + 1> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero(bytes.data(), bytes.size());
  return {text.data(), kCharacters};
}

bool IsRandomSecret(std::string_view text) {
  return text.size() == kCharacters && std::all_of(text.begin(), text.end(), IsBase64Url);
}

std::string HashRandomSecret(std::string_view secret) {
  std::string hash(kHashBytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr,
                     0);
  return hash;
}

bool IsToken(std::string_view text) {
  return text.starts_with(kTokenPrefix) && IsRandomSecret(text.substr(kTokenPrefix.size()));
}

}  // namespace aloha::supervisor
