#include "workers/health/engine.h"

#include <utility>

namespace aloha::health {

Engine::Engine(asio::io_context& loop, const TlsClient& tls, Checker::ResultHandler on_result)
    : resources_{loop, tls, {}},
      checker_(
          {
              .make_probe = [this](const CheckSpec& spec, auto done) -> std::shared_ptr<Probe> {
                // A probe that ends may let another one start.
                return std::make_shared<TcpProbe>(resources_, spec,
                                                  [this, done](const ProbeResult& result) {
                                                    done(result);
                                                    Arm();
                                                  });
              },
              .now = [] { return std::chrono::steady_clock::now(); },
              .seed = static_cast<uint32_t>(
                  std::chrono::steady_clock::now().time_since_epoch().count()),
          },
          std::move(on_result)),
      timer_(loop) {}

void Engine::Apply(std::vector<CheckSpec> specs) {
  checker_.Apply(std::move(specs));
  Arm();
}

void Engine::Stop() {
  checker_.Stop();
  timer_.cancel();
  armed_ = TimePoint::max();
}

void Engine::Arm() {
  const TimePoint due = checker_.next_due();
  if (due >= armed_) return;
  armed_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    armed_ = TimePoint::min();  // probes that end meanwhile need no timer
    checker_.RunDue();
    armed_ = TimePoint::max();
    Arm();
  });
}

}  // namespace aloha::health
