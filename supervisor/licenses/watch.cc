#include "supervisor/licenses/watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "supervisor/access/wall_time.h"
#include "supervisor/async.h"

namespace aloha::supervisor {
namespace {

constexpr std::chrono::minutes kInterval{10};
constexpr int64_t kSecond = 1'000'000;  // microseconds
constexpr std::string_view kSubject = "license", kObject = "product";

}  // namespace

void LoadLicenses(Licenses& licenses, Events& events) {
  for (std::string& trouble : licenses.Load()) {
    events.Add(Event::WARNING, kSubject, kObject, std::move(trouble));
  }
}

void TellLicensing(const Licenses& licenses, Events& events) {
  auto warning = licenses.WarningAt(WallMicroseconds() / kSecond);
  if (!warning) return;
  const bool told = std::any_of(events.all().begin(), events.all().end(), [&](const Event& event) {
    return event.subject() == kSubject && event.text() == *warning;
  });
  if (!told) events.Add(Event::WARNING, kSubject, kObject, std::move(*warning));
}

asio::awaitable<void> WatchLicenses(const Licenses& licenses, Events& events) {
  for (;;) {
    TellLicensing(licenses, events);
    co_await Sleep(kInterval);
  }
}

}  // namespace aloha::supervisor
