#include "workers/health/health_service.h"

#include "workers/runtime/loop_stream.h"
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

// One WatchTargets call.
class HealthService::Watcher final : public LoopStream<worker::v1::TargetStates> {
 public:
  explicit Watcher(HealthService& service) : LoopStream(service.loop_), service_(service) {
    Start();
  }
  ~Watcher() override { service_.watchers_.erase(this); }

  void SendAll() {
    feed_.MarkAll(service_.board_.states().size());
    Flush();
  }

  void Send(size_t target) {
    feed_.Mark(target);
    Flush();
  }

 private:
  void Begin() override {
    service_.watchers_.insert(this);
    SendAll();
  }

  bool Next(worker::v1::TargetStates& message) override {
    if (feed_.empty()) return false;
    message = feed_.Peek(service_.board_.states(), kMessageBytes);
    feed_.Drop(static_cast<size_t>(message.targets_size()));
    return true;
  }

  HealthService& service_;
  TargetFeed feed_;
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
