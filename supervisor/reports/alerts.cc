#include "supervisor/reports/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "supervisor/async.h"
#include "supervisor/call_worker.h"
#include "supervisor/machine/host_name.h"
#include "supervisor/reports/alert_mail.h"

namespace aloha::supervisor {

namespace w = worker::v1;

void Alerts::Use(bool wanted) {
  if (wanted == (watch_ != nullptr)) return;
  watch_ = wanted ? events_.Watch([this](const Event& event) { Take(event); }) : nullptr;
  waiting_.clear();
  more_ = 0;
}

void Alerts::Take(const Event& event) {
  if (!IsAlert(event)) return;
  if (waiting_.size() >= kMostInOne) {
    ++more_;
  } else {
    waiting_.push_back(event);
  }
  if (!std::exchange(running_, true)) Spawn(loop_, Run());
}

asio::awaitable<void> Alerts::Run() {
  std::chrono::seconds pause = kShortestPause;
  bool told = false;
  co_await Sleep(kGather);
  while (!waiting_.empty()) {
    const AlertMail mail = ComposeAlert(HostName(), waiting_, std::exchange(more_, 0));
    const auto events = std::exchange(waiting_, {});
    w::SendMailRequest request;
    request.set_host_name(HostName());
    request.set_subject(mail.subject);
    request.set_text(mail.text);
    const auto sent =
        co_await CallWorker<w::Reports>(fleet_, &w::Reports::Stub::async::SendMail, request);
    if (sent) {
      pause = kShortestPause;
      told = false;
      co_await Sleep(kDistance);
      continue;
    }
    if (!watch_) break;
    waiting_.insert(waiting_.begin(), events.begin(), events.end());
    if (!std::exchange(told, true)) {
      events_.Add(Event::WARNING, kAlertSubject, "mail",
                  fmt::format("was not sent, and is tried again: {}", sent.error().message));
    }
    co_await Sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  running_ = false;
}

}  // namespace aloha::supervisor
