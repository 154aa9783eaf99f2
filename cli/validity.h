// How the dates of certificates are shown.
#ifndef ALOHA_CLI_VALIDITY_H_
#define ALOHA_CLI_VALIDITY_H_

#include <cstdint>
#include <string>

#include "cli/output.h"

namespace aloha::cli {

// Local time of a date in a certificate. Seconds since 1970; 0 gives "-".
std::string DateCell(int64_t time_s);

// Days until a certificate expires: "57 days", "today", "3 days ago". It stands out when 30 days
// are left, and more so when 7 are. Both in seconds since 1970.
Cell DaysLeftCell(int64_t not_after_s, int64_t now_s);

// The time now, in seconds since 1970.
int64_t NowSeconds();

// "a1:b2:c3" for "a1b2c3", as other tools print fingerprints.
std::string Colons(const std::string& hexadecimal);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_VALIDITY_H_
