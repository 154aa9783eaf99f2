// Versions of the firmware, MAJOR.MINOR.PATCH[-REVISION], in the order of deb-version(7).
#ifndef ALOHA_SUPERVISOR_FIRMWARE_VERSION_H_
#define ALOHA_SUPERVISOR_FIRMWARE_VERSION_H_

#include <string_view>

namespace aloha::supervisor {

// Three numbers with dots between them, then nothing or "-" and a revision of letters, digits, "."
// "+" and "~"; at most 64 bytes.
bool IsFirmwareVersion(std::string_view text);

// Negative: `a` is older; 0: they are the same; positive: it is newer.
int CompareVersions(std::string_view a, std::string_view b);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_FIRMWARE_VERSION_H_
