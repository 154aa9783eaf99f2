#include "workers/keys/pairing_code.h"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace aloha::keys {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kNumDigits = 30;
constexpr size_t kGroup = 5;
// Secret and check, 150 bits of them in use.
constexpr size_t kBytes = kPairingSecretBytes + 3;
constexpr std::string_view kContext = "aloha pairing code check";

// Appends the check to the secret.
SecretBytes WithCheck(const SecretBytes& secret) {
  std::array<uint8_t, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), secret.data(), secret.size(),
                     reinterpret_cast<const uint8_t*>(kContext.data()), kContext.size());
  SecretBytes whole = secret;
  whole.insert(whole.end(), hash.begin(), hash.begin() + 3);
  whole.back() &= 0xfc;  // 150 bits
  return whole;
}

size_t DigitValue(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  return kDigits.find(c);
}

}  // namespace

SecretBytes MakePairingSecret() {
  SecretBytes secret(kPairingSecretBytes);
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

std::string WritePairingCode(const SecretBytes& secret) {
  const SecretBytes whole = WithCheck(secret);
  std::string code;
  for (size_t i = 0; i < kNumDigits; ++i) {
    if (i > 0 && i % kGroup == 0) code += '-';
    size_t value = 0;
    for (size_t bit = i * 5; bit < i * 5 + 5; ++bit)
      value = value << 1 | (whole[bit / 8] >> (7 - bit % 8) & 1U);
    code += kDigits[value];
  }
  return code;
}

Result<SecretBytes> ReadPairingCode(std::string_view code) {
  constexpr const char* kMistyped =
      "the code is mistyped; write it as the other node printed it, six groups of five digits and "
      "letters";
  SecretBytes whole(kBytes);
  size_t bits = 0;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    const size_t value = DigitValue(c);
    if (value == std::string_view::npos || bits == kNumDigits * 5)
      return Fail(Code::kInvalidArgument, kMistyped, "code");
    for (size_t i = 0; i < 5; ++i, ++bits) {
      if ((value >> (4 - i) & 1U) != 0)
        whole[bits / 8] = static_cast<uint8_t>(whole[bits / 8] | 0x80U >> bits % 8);
    }
  }
  SecretBytes secret(whole.begin(), whole.begin() + kPairingSecretBytes);
  if (bits != kNumDigits * 5 || WithCheck(secret) != whole)
    return Fail(Code::kInvalidArgument, kMistyped, "code");
  return secret;
}

}  // namespace aloha::keys
