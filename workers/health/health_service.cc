#include "workers/health/health_service.h"

#include <asio/post.hpp>

#include "workers/runtime/serve.h"

namespace aloha::health {
namespace {

// Of one streamed message; gRPC refuses 4 MiB.
constexpr size_t kMessageBytes = 256 * 1024;

void Describe(const CheckSpec& spec, const CheckTrack& track, worker::v1::CheckReport* report) {
  report->set_id(spec.config.id());
  report->set_state(track.state());
  for (size_t age = 0; age < track.num_results(); ++age) {
    const KeptResult& kept = track.result(age);
    worker::v1::CheckResult* result = report->add_results();
    result->set_time_us(kept.time_us);
    result->set_success(kept.outcome == Outcome::kSuccess);
    result->set_reason(*kept.reason);
    result->set_duration_us(kept.duration_us);
  }
}

}  // namespace

// One WatchTargets call. At most one message is on its way; what changes meanwhile waits in the
// feed. It lives on the loop: gRPC's callbacks only post there, and since OnDone is the last of
// them, what it posts may delete.
class HealthService::Watcher final : public grpc::ServerWriteReactor<worker::v1::TargetStates> {
 public:
  explicit Watcher(HealthService& service) : service_(service) {
    asio::post(service_.loop_, [this] {
      service_.watchers_.insert(this);
      SendAll();
    });
  }

  void SendAll() {
    feed_.MarkAll(service_.board_.states().size());
    Flush();
  }

  void Send(size_t target) {
    feed_.Mark(target);
    Flush();
  }

  void OnWriteDone(bool ok) override {
    asio::post(service_.loop_, [this, ok] {
      writing_ = false;
      if (ok) return Flush();
      End();
    });
  }

  void OnCancel() override {
    asio::post(service_.loop_, [this] { End(); });
  }

  void OnDone() override {
    asio::post(service_.loop_, [this] {
      service_.watchers_.erase(this);
      delete this;
    });
  }

 private:
  void Flush() {
    if (writing_ || ended_ || feed_.empty()) return;
    message_ = feed_.Peek(service_.board_.states(), kMessageBytes);
    feed_.Drop(static_cast<size_t>(message_.targets_size()));
    writing_ = true;
    StartWrite(&message_);
  }

  void End() {
    if (ended_) return;
    ended_ = true;
    Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the watcher left"));
  }

  HealthService& service_;
  TargetFeed feed_;
  worker::v1::TargetStates message_;  // on its way while writing_
  bool writing_ = false;
  bool ended_ = false;
};

grpc::ServerUnaryReactor* HealthService::ListChecks(grpc::CallbackServerContext* call,
                                                    const worker::v1::ListChecksRequest* request,
                                                    worker::v1::ListChecksResponse* response) {
  return ServeOnLoop(loop_, call, [this, request, response]() -> Result<> {
    for (size_t check = 0; check < checker_.size(); ++check) {
      const CheckSpec& spec = checker_.spec(check);
      if (!spec.config.id().starts_with(request->id_prefix())) continue;
      Describe(spec, checker_.track(check), response->add_checks());
    }
    return {};
  });
}

grpc::ServerWriteReactor<worker::v1::TargetStates>* HealthService::WatchTargets(
    grpc::CallbackServerContext*, const worker::v1::WatchTargetsRequest*) {
  return new Watcher(*this);
}

void HealthService::SendAll() {
  for (Watcher* watcher : watchers_) watcher->SendAll();
}

void HealthService::Send(size_t target) {
  for (Watcher* watcher : watchers_) watcher->Send(target);
}

}  // namespace aloha::health
