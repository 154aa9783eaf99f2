#include "supervisor/vrrp/tracking.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "supervisor/call.h"
#include "supervisor/config/file.h"
#include "worker/v1/vrrp.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::seconds kCallTimeout{5};
constexpr size_t kLongestActor = 1'000;

void Add(v1::SetHindrancesRequest& request, const char* name, std::string reason) {
  v1::VrrpHindrance* hindrance = request.add_hindrances();
  hindrance->set_name(name);
  hindrance->set_reason(std::move(reason));
}

}  // namespace

void Tracking::Recall() {
  const Result<std::string> actor = ReadTextFile(release_file_, kLongestActor);
  if (actor) released_by_ = actor->empty() ? "somebody" : EscapeForLog(*actor);
}

asio::awaitable<void> Tracking::Run() {
  for (;;) {
    co_await Sleep(kLook);
    Look();
  }
}

// True: something changed.
bool Tracking::Update() {
  const Services::Serving haproxy = haproxy_();
  const auto now = std::chrono::steady_clock::now();
  const bool hinders = patience_.See(haproxy.state, now);
  std::string reason;
  if (hinders) {
    reason = haproxy.state == Services::Serving::State::kOk
                 ? "haproxy has not been OK for long enough"
                 : fmt::format("haproxy is not OK: {}", haproxy.reason);
  }
  // Nothing is decided about an adopted process while one of haproxy's may be adopted as well.
  waits_ = waits_ && haproxy.state == Services::Serving::State::kPassing && !hinders;
  if (std::exchange(haproxy_reason_, reason) == reason) return false;
  Report(haproxy.state);
  return true;
}

// That a node has nothing to serve while it starts is no news.
void Tracking::Report(Services::Serving::State state) {
  if (haproxy_reason_.empty() && std::exchange(reported_, false)) {
    events_.Add(Event::INFO, "vrrp", "all", "haproxy is OK: the whole priority counts again");
  } else if (!haproxy_reason_.empty() && !reported_ &&
             (state != Services::Serving::State::kPassing || patience_.failed())) {
    reported_ = true;
    events_.Add(Event::WARNING, "vrrp", "all",
                fmt::format("{}: the priority is lowered", haproxy_reason_));
  }
}

void Tracking::Look() {
  const std::shared_ptr<Process> vrrp = fleet_.Find("vrrp");
  if (!vrrp) return;
  if ((Update() || untold_) && !waits_) TellSoon(vrrp);
}

void Tracking::Greet(std::shared_ptr<Process> vrrp) {
  if (vrrp->adopted) {
    untold_ = waits_ = true;
    patience_.Assume();
    return;  // Look does the rest
  }
  TellSoon(std::move(vrrp));
}

void Tracking::TellSoon(std::shared_ptr<Process> vrrp) {
  untold_ = false;
  Spawn(loop_, TellAlone(std::move(vrrp)));
}

asio::awaitable<void> Tracking::TellAlone(std::shared_ptr<Process> vrrp) {
  (void)co_await Tell(std::move(vrrp));
}

v1::SetHindrancesRequest Tracking::Present() const {
  Hindrances request;
  if (!haproxy_reason_.empty()) Add(request, "haproxy", haproxy_reason_);
  if (!released_by_.empty()) {
    Add(request, "released", fmt::format("released by {}", released_by_));
  }
  return request;
}

// One call at a time, each with what is true then.
asio::awaitable<Result<>> Tracking::Tell(std::shared_ptr<Process> vrrp) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  Update();
  const auto stub = v1::Vrrp::NewStub(vrrp->channel);
  const auto told =
      co_await Call(stub->async(), &v1::Vrrp::Stub::async::SetHindrances, Present(), kCallTimeout);
  const bool failed = !told && !vrrp->ended;
  if (failed && !untold_) {
    events_.Add(Event::ERROR, "vrrp", "all",
                fmt::format("aloha-vrrp could not be told what hinders this node: {}",
                            told.error().message));
  }
  untold_ = failed;
  if (!told) co_return tl::make_unexpected(told.error());
  co_return Result<>();
}

// One that does not run is told when it comes.
asio::awaitable<Result<>> Tracking::Changed() {
  const std::shared_ptr<Process> vrrp = fleet_.Find("vrrp");
  if (!vrrp) co_return Result<>();
  co_return co_await Tell(vrrp);
}

asio::awaitable<Result<>> Tracking::Release(std::string actor) {
  if (auto noted = WriteFileAtomically(release_file_, actor); !noted) co_return noted;
  released_by_ = std::move(actor);
  co_return co_await Changed();
}

asio::awaitable<Result<>> Tracking::Cancel() {
  if (unlink(release_file_.c_str()) != 0 && errno != ENOENT) co_return FailErrno(release_file_);
  released_by_.clear();
  co_return co_await Changed();
}

}  // namespace aloha::supervisor
