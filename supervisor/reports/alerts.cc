#include "supervisor/reports/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "supervisor/async.h"
#include "supervisor/call_worker.h"
#include "supervisor/machine/host_name.h"

namespace aloha::supervisor {

namespace w = worker::v1;

void Alerts::Use(bool wanted) {
  changed_ = true;
  retry_.cancel();
  if (wanted == (watch_ != nullptr)) return;
  watch_ = wanted ? events_.Watch([this](const Event& event) { Take(event); }) : nullptr;
  waiting_ = {};
}

void Alerts::Take(const Event& event) {
  if (!IsAlert(event)) return;
  waiting_.Add(event);
  if (!std::exchange(running_, true)) Spawn(loop_, Run());
}

asio::awaitable<void> Alerts::Run() {
  std::chrono::seconds pause = kShortestPause;
  bool told = false;
  co_await Sleep(kGather);
  while (!waiting_.empty()) {
    AlertQueue::Batch batch = waiting_.Take();
    const AlertMail mail = ComposeAlert(HostName(), batch.events, batch.more);
    changed_ = false;
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
    waiting_.PutBack(std::move(batch));
    if (!std::exchange(told, true)) {
      events_.Add(Event::WARNING, kAlertSubject, "mail",
                  fmt::format("was not sent, and is tried again: {}", sent.error().message));
    }
    if (!changed_) {
      asio::error_code error;
      retry_.expires_after(pause);
      co_await retry_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    pause = changed_ ? kShortestPause : std::min(pause * 2, kLongestPause);
  }
  running_ = false;
}

}  // namespace aloha::supervisor
