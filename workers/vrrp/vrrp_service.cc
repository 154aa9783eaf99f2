#include "workers/vrrp/vrrp_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "workers/runtime/log.h"
#include "workers/runtime/loop_stream.h"
#include "workers/runtime/serve.h"

namespace aloha::vrrp {
namespace {

constexpr std::chrono::milliseconds kPause{50};
constexpr int kMostHindrances = 16;

}  // namespace

// One WatchVrrpState call. A change while a message is on its way is told behind it.
class VrrpService::Watcher final : public LoopStream<worker::v1::VrrpState> {
 public:
  explicit Watcher(VrrpService& service) : LoopStream(service.loop_), service_(service) { Start(); }
  ~Watcher() override { service_.watchers_.erase(this); }

  void Send() {
    waits_ = true;
    Flush();
  }

 private:
  void Begin() override {
    service_.watchers_.insert(this);
    Send();
  }

  bool Next(worker::v1::VrrpState& message) override {
    if (!std::exchange(waits_, false)) return false;
    message.Clear();
    service_.engine_.Describe(&message);
    return true;
  }

  VrrpService& service_;
  bool waits_ = false;
};

grpc::ServerUnaryReactor* VrrpService::GetVrrpState(grpc::CallbackServerContext* call,
                                                    const worker::v1::GetVrrpStateRequest*,
                                                    worker::v1::VrrpState* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    engine_.Describe(response);
    return {};
  });
}

grpc::ServerWriteReactor<worker::v1::VrrpState>* VrrpService::WatchVrrpState(
    grpc::CallbackServerContext*, const worker::v1::WatchVrrpStateRequest*) {
  return new Watcher(*this);
}

grpc::ServerUnaryReactor* VrrpService::SetHindrances(
    grpc::CallbackServerContext* call, const worker::v1::SetHindrancesRequest* request,
    worker::v1::SetHindrancesResponse*) {
  return ServeOnLoop(loop_, call, [this, request]() -> Result<> {
    if (request->hindrances_size() > kMostHindrances) {
      return Fail(Code::kInvalidArgument, "at most 16 hindrances", "hindrances");
    }
    std::vector<worker::v1::VrrpHindrance> hindrances;
    for (const worker::v1::VrrpHindrance& given : request->hindrances()) {
      worker::v1::VrrpHindrance& hindrance = hindrances.emplace_back();
      hindrance.set_name(EscapeForLog(given.name()));
      hindrance.set_reason(EscapeForLog(given.reason()));
    }
    engine_.SetHindrances(std::move(hindrances));
    return {};
  });
}

void VrrpService::Changed() {
  if (std::exchange(scheduled_, true)) return;
  // Behind what is being done: one step changes several things.
  timer_.expires_at(std::max(std::chrono::steady_clock::now(), last_sent_ + kPause));
  timer_.async_wait([this](const asio::error_code& error) {
    scheduled_ = false;
    if (error) return;
    last_sent_ = std::chrono::steady_clock::now();
    SendAll();
  });
}

void VrrpService::SendAll() {
  for (Watcher* watcher : watchers_) watcher->Send();
}

}  // namespace aloha::vrrp
