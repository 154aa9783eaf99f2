#include "supervisor/config/duration.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

namespace aloha::supervisor {
namespace {

// Largest first, so that FormatDuration finds the shortest form. "ms" is told from "m" by the whole
// word.
constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr int64_t kMax = int64_t{3650} * 86'400'000;

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  int64_t number = 0;  // all digits, the point left out
  int64_t scale = 1;   // 10 for each digit behind the point
  bool point = false, digits = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits = true;
      number = number * 10 + (c - '0');
      if (point) scale *= 10;
      if (number > kMax || scale > 1'000'000'000) return std::nullopt;
    } else {
      break;
    }
  }
  if (!digits || text.front() == '.' || text[at - 1] == '.') return std::nullopt;
  for (const auto& [name, unit] : kUnits) {
    if (text.substr(at) != name) continue;
    // number is at most 3.2e11 and unit 8.6e7: the product could overflow for absurd day counts
    // only.
    int64_t product = 0;
    if (__builtin_mul_overflow(number, unit, &product) || product % scale != 0) return std::nullopt;
    if (product / scale > kMax) return std::nullopt;
    return std::chrono::milliseconds(product / scale);
  }
  return std::nullopt;
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const int64_t ms = duration.count();
  if (ms == 0) return "0s";
  for (const auto& [name, unit] : kUnits) {
    if (ms % unit == 0) return fmt::format("{}{}", ms / unit, name);
  }
  return fmt::format("{}ms", ms);
}

}  // namespace aloha::supervisor
