#include "supervisor/access/totp.h"

#include <fmt/format.h>
#include <nettle/hmac.h>
#include <sodium.h>

#include <array>

namespace aloha::supervisor {
namespace {

constexpr int64_t kStepSeconds = 30;
constexpr uint32_t kCodes = 1'000'000;
constexpr size_t kDigits = 6;

// What a URL may carry unescaped (RFC 3986, section 2.3).
std::string EscapeForUrl(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string NewFactorSecret() {
  std::string secret(kFactorSecretBytes, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

std::string EncodeBase32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  uint32_t waiting = 0;
  int bits = 0;
  for (const char byte : bytes) {
    waiting = (waiting << 8 | static_cast<uint8_t>(byte)) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) out += kAlphabet[waiting >> (bits - 5) & 31];
  }
  if (bits > 0) out += kAlphabet[waiting << (5 - bits) & 31];
  return out;
}

std::string FactorUrl(std::string_view issuer, std::string_view user, std::string_view secret) {
  const std::string from = EscapeForUrl(issuer);
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}", from, EscapeForUrl(user),
                     EncodeBase32(secret), from);
}

// RFC 4226, section 5.3.
std::string FactorCode(std::string_view secret, uint64_t step) {
  std::array<uint8_t, 8> counter{};
  for (size_t i = 0; i < counter.size(); ++i)
    counter[i] = static_cast<uint8_t>(step >> (8 * (counter.size() - 1 - i)));
  hmac_sha1_ctx context{};
  hmac_sha1_set_key(&context, secret.size(), reinterpret_cast<const uint8_t*>(secret.data()));
  hmac_sha1_update(&context, counter.size(), counter.data());
  std::array<uint8_t, SHA1_DIGEST_SIZE> digest{};
  hmac_sha1_digest(&context, digest.size(), digest.data());
  sodium_memzero(&context, sizeof(context));
  const size_t at = digest.back() & 15;
  const uint32_t number = static_cast<uint32_t>(digest[at] & 0x7f) << 24 |
                          static_cast<uint32_t>(digest[at + 1]) << 16 |
                          static_cast<uint32_t>(digest[at + 2]) << 8 | digest[at + 3];
  return fmt::format("{:06}", number % kCodes);
}

std::optional<uint64_t> MatchFactorCode(std::string_view secret, std::string_view code,
                                        int64_t now_s, uint64_t last_step) {
  if (code.size() != kDigits || now_s < kStepSeconds || secret.empty()) return std::nullopt;
  const auto now = static_cast<uint64_t>(now_s / kStepSeconds);
  std::optional<uint64_t> found;
  for (uint64_t step = now - 1; step <= now + 1; ++step) {
    const std::string right = FactorCode(secret, step);
    const bool same = sodium_memcmp(right.data(), code.data(), kDigits) == 0;
    if (same && step > last_step) found = step;
  }
  return found;
}

}  // namespace aloha::supervisor
