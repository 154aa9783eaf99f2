#include "supervisor/machine/bus.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>

#include "workers/runtime/log.h"

namespace aloha::supervisor {
namespace {

constexpr auto kNoThrow = asio::experimental::as_tuple(asio::use_awaitable);

using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

// One call on its way.
struct Waiting {
  asio::steady_timer answered;
  sd_bus_message* answer = nullptr;
};

int OnAnswer(sd_bus_message* answer, void* data, sd_bus_error*) {
  auto* waiting = static_cast<Waiting*>(data);
  waiting->answer = sd_bus_message_ref(answer);
  waiting->answered.cancel();
  return 1;
}

Result<> Unanswered(const char* service) {
  return Fail(Code::kDeadlineExceeded, fmt::format("{} does not answer", service));
}

Error Failure(const char* service, int negative_errno) {
  return {Code::kFailedPrecondition, fmt::format("{}: {}", service, strerror(-negative_errno)), ""};
}

Error FailureOf(const char* service, const sd_bus_error& error) {
  const std::string_view name = error.name != nullptr ? error.name : "";
  const std::string text = EscapeForLog(error.message != nullptr ? error.message : name);
  const auto is = [&name](std::string_view wanted) { return name.ends_with(wanted); };
  if (is(".ServiceUnknown") || is(".NameHasNoOwner") || is(".UnknownMethod") ||
      name.find(".Spawn.") != name.npos || is(".NoSuchUnit")) {
    return {Code::kFailedPrecondition,
            fmt::format("{} is not on this machine ({}); this is the host's business here", service,
                        text),
            ""};
  }
  if (is(".AccessDenied") || is(".InteractiveAuthorizationRequired")) {
    return {Code::kPermissionDenied,
            fmt::format("{} does not let this user ({}); is polkit's rule for Aloha installed?",
                        service, text),
            ""};
  }
  if (is(".NoReply") || is(".Timeout")) {
    return {Code::kDeadlineExceeded, fmt::format("{} does not answer", service), ""};
  }
  const Code code = is(".InvalidArgs") ? Code::kInvalidArgument : Code::kFailedPrecondition;
  return {code, fmt::format("{}: {}", service, text), ""};
}

int OnMessage(sd_bus_message* message, void* data, sd_bus_error*) {
  (*static_cast<const std::function<void(sd_bus_message*)>*>(data))(message);
  return 0;
}

}  // namespace

Result<> Bus::Open() {
  if (bus_ != nullptr) return {};
  // Connects to a socket of this machine; what is said on it comes later, in Pump.
  if (const int opened = sd_bus_open_system(&bus_); opened < 0) {
    bus_ = nullptr;
    return Fail(Code::kFailedPrecondition,
                fmt::format("there is no system bus ({}): this is the host's business here",
                            strerror(-opened)));
  }
  descriptor_ = std::make_unique<asio::posix::stream_descriptor>(loop_, dup(sd_bus_get_fd(bus_)));
  for (auto& watched : watched_) Match(*watched);
  return {};
}

void Bus::Close() {
  ++turn_;
  timer_.cancel();
  descriptor_.reset();
  sd_bus_close_unref(bus_);
  bus_ = nullptr;
}

void Bus::Match(Watched& watched) {
  sd_bus_add_match_async(bus_, nullptr, watched.rule.c_str(), OnMessage, nullptr, &watched.came);
}

void Bus::Watch(std::string rule, std::function<void(sd_bus_message*)> came) {
  watched_.push_back(std::make_unique<Watched>(Watched{std::move(rule), std::move(came)}));
  if (bus_ != nullptr) Match(*watched_.back());
}

void Bus::OnService(const std::string& name, std::function<void()> appeared) {
  // Not from within sd_bus_process, which must not be called again by what it calls.
  auto came = [this, appeared = std::move(appeared)](sd_bus_message* message) {
    const char *service = nullptr, *before = nullptr, *now = nullptr;
    if (sd_bus_message_read(message, "sss", &service, &before, &now) < 0 || *now == '\0') return;
    asio::post(loop_, appeared);
  };
  Watch(fmt::format("type='signal',sender='org.freedesktop.DBus',"
                    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{}'",
                    name),
        std::move(came));
}

void Bus::OnSignal(const BusMethod& signal, std::function<void(sd_bus_message*)> came) {
  Watch(fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='{}'",
                    signal.service, signal.path, signal.interface, signal.name),
        std::move(came));
}

void Bus::Pump() {
  for (;;) {
    const int done = sd_bus_process(bus_, nullptr);
    if (done == 0) return Wait();
    if (done < 0) return Close();
  }
}

void Bus::Wait() {
  const unsigned turn = ++turn_;
  const int events = sd_bus_get_events(bus_);
  uint64_t until_us = UINT64_MAX;  // CLOCK_MONOTONIC
  if (events < 0 || sd_bus_get_timeout(bus_, &until_us) < 0) return Close();
  const auto go_on = [this, turn](const asio::error_code&) {
    if (turn == turn_ && bus_ != nullptr) Pump();
  };
  descriptor_->cancel();
  if ((events & POLLIN) != 0) {
    descriptor_->async_wait(asio::posix::stream_descriptor::wait_read, go_on);
  }
  if ((events & POLLOUT) != 0) {
    descriptor_->async_wait(asio::posix::stream_descriptor::wait_write, go_on);
  }
  timer_.cancel();
  if (until_us == UINT64_MAX) return;
  timer_.expires_at(asio::steady_timer::time_point(std::chrono::microseconds(until_us)));
  timer_.async_wait(go_on);
}

asio::awaitable<Result<>> Bus::Call(const BusMethod& method, Fill fill, Read read,
                                    std::chrono::seconds patience) {
  if (const Result<> open = Open(); !open) co_return open;
  sd_bus_message* raw = nullptr;
  int step = sd_bus_message_new_method_call(bus_, &raw, method.service, method.path,
                                            method.interface, method.name);
  const Message request(raw, sd_bus_message_unref);
  if (step >= 0 && fill) step = fill(request.get());
  if (step < 0) co_return tl::make_unexpected(Failure(method.service, step));
  Waiting waiting{asio::steady_timer(loop_, patience + std::chrono::seconds(1))};
  sd_bus_slot* raw_slot = nullptr;
  step = sd_bus_call_async(bus_, &raw_slot, request.get(), OnAnswer, &waiting,
                           std::chrono::microseconds(patience).count());
  const std::unique_ptr<sd_bus_slot, decltype(&sd_bus_slot_unref)> slot(raw_slot,
                                                                        sd_bus_slot_unref);
  if (step < 0) co_return tl::make_unexpected(Failure(method.service, step));
  Pump();
  if (waiting.answer == nullptr) (void)co_await waiting.answered.async_wait(kNoThrow);
  const Message answer(waiting.answer, sd_bus_message_unref);
  if (!answer) co_return Unanswered(method.service);
  if (sd_bus_message_is_method_error(answer.get(), nullptr) > 0) {
    co_return tl::make_unexpected(
        FailureOf(method.service, *sd_bus_message_get_error(answer.get())));
  }
  if (read && read(answer.get()) < 0) {
    co_return Fail(Code::kInternal,
                   fmt::format("{} gives an answer that is not understood", method.service));
  }
  co_return Result<>();
}

}  // namespace aloha::supervisor
