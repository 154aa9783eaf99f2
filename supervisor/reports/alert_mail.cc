#include "supervisor/reports/alert_mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace aloha::supervisor {
namespace {

using admin::v1::Event;

std::string Sentence(const Event& event) {
  return fmt::format("{} {}: {}", event.subject(), event.object(), event.text());
}

}  // namespace

bool IsAlert(const Event& event) {
  if (event.refused() || event.subject() == "audit" || event.subject() == kAlertSubject) {
    return false;
  }
  return event.severity() != Event::INFO || event.subject() == "check" || event.subject() == "vrrp";
}

AlertMail ComposeAlert(const std::string& host_name, const std::deque<Event>& events,
                       uint64_t more) {
  constexpr int64_t kSecond = 1'000'000;
  AlertMail mail;
  const auto worst =
      std::max_element(events.begin(), events.end(),
                       [](const Event& a, const Event& b) { return a.severity() < b.severity(); });
  mail.subject = fmt::format("[{}] {}", host_name, Sentence(*worst));
  const uint64_t others = events.size() - 1 + more;
  if (others > 0) mail.subject += fmt::format(" (and {} more)", others);
  for (const Event& event : events) {
    mail.text += fmt::format("{:%Y-%m-%d %H:%M:%S} UTC {} {}\n",
                             fmt::gmtime(static_cast<time_t>(event.time_us() / kSecond)),
                             Event::Severity_Name(event.severity()), Sentence(event));
  }
  if (more > 0) mail.text += fmt::format("and {} more\n", more);
  mail.text += "\n\"alohactl status\" says how it is now, \"alohactl event list\" what happened.\n";
  return mail;
}

}  // namespace aloha::supervisor
