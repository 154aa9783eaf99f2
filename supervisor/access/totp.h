// The second factor: codes that an application of the user's telephone shows (RFC 6238: HMAC-SHA-1,
// 30 s, 6 digits).
#ifndef ALOHA_SUPERVISOR_ACCESS_TOTP_H_
#define ALOHA_SUPERVISOR_ACCESS_TOTP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::supervisor {

inline constexpr size_t kFactorSecretBytes = 20;

// Of the kernel's random numbers.
std::string NewFactorSecret();

// Base32 (RFC 4648, section 6) without padding.
std::string EncodeBase32(std::string_view bytes);
// "otpauth://totp/…", as such applications read it from a QR code.
std::string FactorUrl(std::string_view issuer, std::string_view user, std::string_view secret);

// The six digits of a step.
std::string FactorCode(std::string_view secret, uint64_t step);

// Which step the code is of, if it is of now (seconds since 1970), or of the step before or after,
// and newer than `last_step`: no code is good twice. Takes the same time for every wrong code.
std::optional<uint64_t> MatchFactorCode(std::string_view secret, std::string_view code,
                                        int64_t now_s, uint64_t last_step);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_TOTP_H_
