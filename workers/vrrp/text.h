// Words for people.
#ifndef ALOHA_WORKERS_VRRP_TEXT_H_
#define ALOHA_WORKERS_VRRP_TEXT_H_

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace aloha::vrrp {

// "3.61 s", "36.1 ms", "7200 s".
inline std::string DurationText(std::chrono::nanoseconds time) {
  const double ms = static_cast<double>(time.count()) / 1e6;
  if (ms < 999.5) return fmt::format("{:.3g} ms", ms);
  return ms < 99'950 ? fmt::format("{:.3g} s", ms / 1000) : fmt::format("{:.0f} s", ms / 1000);
}

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_TEXT_H_
