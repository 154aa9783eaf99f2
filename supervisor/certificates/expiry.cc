#include "supervisor/certificates/expiry.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace aloha::supervisor {
namespace {

using admin::v1::Event;

constexpr int64_t kDay = 86'400;

struct Threshold {
  int64_t days;
  Event::Severity severity;
};
// The most pressing first.
constexpr Threshold kThresholds[] = {{1, Event::ERROR}, {7, Event::WARNING}, {30, Event::WARNING}};

}  // namespace

std::string FormatTime(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", parts);
}

std::optional<ExpiryNotice> NoticeOfExpiry(const config::v1::StoredCertificate& certificate,
                                           int64_t now_s) {
  const int64_t end = certificate.details().not_after_s();
  if (now_s > end) {
    return ExpiryNotice{Event::ERROR, fmt::format("expired on {}: clients refuse it; import a new "
                                                  "one under this name",
                                                  FormatTime(end))};
  }
  for (const Threshold& threshold : kThresholds) {
    if (end - now_s > threshold.days * kDay) continue;
    return ExpiryNotice{
        threshold.severity,
        fmt::format("expires within {} day{}, on {}; import a new one under this name",
                    threshold.days, threshold.days == 1 ? "" : "s", FormatTime(end))};
  }
  return std::nullopt;
}

}  // namespace aloha::supervisor
