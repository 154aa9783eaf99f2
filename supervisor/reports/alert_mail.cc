#include "supervisor/reports/alert_mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace aloha::supervisor {
namespace {

using admin::v1::Event;

// A line of a mail has 998 bytes at most (RFC 5322 section 2.1.1).
constexpr size_t kMaxSubject = 200;

std::string Cut(std::string text) {
  if (text.size() <= kMaxSubject) return text;
  size_t end = kMaxSubject;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

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
  mail.subject = Cut(fmt::format("[{}] {}", host_name, Sentence(*worst)));
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

void AlertQueue::Add(const Event& event) {
  if (waiting_.events.size() >= kMost) {
    ++waiting_.more;
  } else {
    waiting_.events.push_back(event);
  }
}

void AlertQueue::PutBack(Batch batch) {
  const Batch since = std::exchange(waiting_, std::move(batch));
  waiting_.more += since.more;
  for (const Event& event : since.events) Add(event);
}

}  // namespace aloha::supervisor
