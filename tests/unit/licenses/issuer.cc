#include "tests/unit/licenses/issuer.h"

#include <fmt/format.h>
#include <sodium.h>

#include "supervisor/licenses/license_file.h"

namespace aloha::supervisor {

Issuer::Issuer(unsigned char seed) {
  std::array<unsigned char, 32> all{};
  all.fill(seed);
  crypto_sign_seed_keypair(public_.data(), secret_.data(), all.data());
}

std::string Issuer::pem() const {
  std::string der("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  der.append(public_.begin(), public_.end());
  std::string text(sodium_base64_ENCODED_LEN(44, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(der.data()),
                    der.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return fmt::format("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", text);
}

std::string Issuer::Issue(const std::string& fields) const {
  SignedLicense license{.text = "-----BEGIN ALOHA LICENSE-----\n" + fields,
                        .signature = std::string(crypto_sign_BYTES, '\0')};
  crypto_sign_detached(reinterpret_cast<unsigned char*>(license.signature.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(license.text.data()),
                       license.text.size(), secret_.data());
  return JoinLicenseFile(license);
}

std::string Fields(const std::string& serial, const std::string& more) {
  return fmt::format(
      "serial: \"{}\"\nowner: \"Example\"\nunits: 2\nfrom: \"2026-12-01\"\nexpires: "
      "\"2027-11-30\"\n{}",
      serial, more);
}

}  // namespace aloha::supervisor
