// Licence files: what a licence says, and an Ed25519 signature (RFC 8032) of whoever issued it.
//
//   -----BEGIN ALOHA LICENSE-----
//   serial: "A-1001"                                config.v1.License in text format
//   …
//   -----BEGIN ALOHA LICENSE SIGNATURE-----
//   88 characters of base64
//   -----END ALOHA LICENSE-----
//
// The signature is over everything before the second line of dashes, its first line included, so
// that nothing else its key may sign can pass for a licence.
#ifndef ALOHA_SUPERVISOR_LICENSES_LICENSE_FILE_H_
#define ALOHA_SUPERVISOR_LICENSES_LICENSE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/v1/license.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// Largest licence file. Bytes.
inline constexpr size_t kMaxLicenseBytes = 16 * 1024;

// A licence file taken apart; nothing in it is trusted yet.
struct SignedLicense {
  std::string text;       // that was signed
  std::string signature;  // 64 bytes
};

struct License {
  config::v1::License says;  // every field within the bounds that the proto tells
  int64_t from_s = 0;        // first second
  int64_t expires_s = 0;     // last second; 0: never
};

// kInvalidArgument: not of this form, or too large. Line ends "\r\n", which mail programs make, are
// taken for "\n".
Result<SignedLicense> SplitLicenseFile(std::string_view file);

// The file again.
std::string JoinLicenseFile(const SignedLicense& license);

// What it says. kInvalidArgument, with the field: what is no licence.
Result<License> ReadLicense(const SignedLicense& license);

// 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"; a letter or digit first: may be the name of a file.
bool IsLicenseSerial(std::string_view serial);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_LICENSES_LICENSE_FILE_H_
