// Licence files and keys of issuers, as anybody may write them. What is read stays within its
// bounds, is written as it was read, and never breaks what verifies it.
#include "supervisor/licenses/license_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "supervisor/config/utf8.h"
#include "supervisor/licenses/issuer_keys.h"

namespace aloha::supervisor {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TryLicense(std::string_view text) {
  const auto split = SplitLicenseFile(text);
  if (!split) {
    Require(FindInvalidUtf8(split.error().message) == std::string::npos);
    return;
  }
  Require(split->signature.size() == 64 && split->text.size() < kMaxLicenseBytes);
  const auto again = SplitLicenseFile(JoinLicenseFile(*split));
  Require(again && again->text == split->text && again->signature == split->signature);
  // The base point of the curve.
  static const std::vector<IssuerKey> keys = {
      {"nobody", {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                  0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                  0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}}};
  (void)FindIssuer(keys, *split);
  const auto license = ReadLicense(*split);
  if (!license) {
    Require(FindInvalidUtf8(license.error().message) == std::string::npos);
    return;
  }
  Require(IsLicenseSerial(license->says.serial()) && IsPlainText(license->says.owner()));
  Require(license->says.units() >= 1 && license->says.feature_size() <= 32);
  Require(license->expires_s == 0 || license->expires_s > license->from_s);
}

}  // namespace
}  // namespace aloha::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  aloha::supervisor::TryLicense(text);
  (void)aloha::supervisor::ParsePublicKey(text);
  return 0;
}
