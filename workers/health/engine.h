// The checker on a real clock and real sockets.
#ifndef ALOHA_WORKERS_HEALTH_ENGINE_H_
#define ALOHA_WORKERS_HEALTH_ENGINE_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "workers/health/checker.h"
#include "workers/health/tcp_probe.h"

namespace aloha::health {

// All calls on the loop's thread.
class Engine {
 public:
  // Both outlive the engine. on_result is called on the loop.
  Engine(asio::io_context& loop, const TlsClient& tls, Checker::ResultHandler on_result);

  // See Checker.
  void Apply(std::vector<CheckSpec> specs);
  void Stop();
  const Checker& checker() const { return checker_; }

 private:
  void Arm();

  ProbeResources resources_;
  Checker checker_;
  asio::steady_timer timer_;
  TimePoint armed_ = TimePoint::max();  // when the timer ends
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_ENGINE_H_
