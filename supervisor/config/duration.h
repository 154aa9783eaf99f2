// Durations as administrators write them: "200ms", "0.01s", "25s", "40m", "1h".
#ifndef ALOHA_SUPERVISOR_CONFIG_DURATION_H_
#define ALOHA_SUPERVISOR_CONFIG_DURATION_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::supervisor {

// A decimal number and one of the units ms, s, m, h, d, without a space. Nothing for anything else,
// for fractions of a millisecond, and for more than 10 years.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

// The shortest exact form: 90,000 ms is "90s", 120,000 ms "2m".
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_DURATION_H_
