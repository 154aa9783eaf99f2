// What the supervisor is told of remote administrators who were turned away: each with its reason,
// up to a bound that no flood exceeds, and how many more there were.
#ifndef ALOHA_WUI_GATEWAY_REFUSALS_H_
#define ALOHA_WUI_GATEWAY_REFUSALS_H_

#include <asio/io_context.hpp>
#include <chrono>
#include <deque>

#include "worker/v1/remote.grpc.pb.h"
#include "worker/v1/remote.pb.h"

namespace aloha::gateway {

// Control thread.
class Refusals {
 public:
  using Clock = std::chrono::steady_clock;
  // So many at once, and one more in each interval.
  static constexpr int kBurst = 40;
  static constexpr std::chrono::seconds kInterval{60};

  // True: it will be told; else it is only counted.
  bool Add(worker::v1::Refusal refusal, Clock::time_point now);
  // One more that is only counted.
  void Count() { ++untold_; }

  class Watcher {
   public:
    virtual ~Watcher() = default;
    // There is something to take.
    virtual void Wake() = 0;
  };
  // From now on this one is told, and none before it.
  void Watch(Watcher* watcher);
  void Forget(const Watcher* watcher);
  // The oldest that nobody has taken; false: there is none, or another one watches.
  bool Take(const Watcher* watcher, worker::v1::Refusal& refusal);

 private:
  std::deque<worker::v1::Refusal> waiting_;  // at most kBurst: what is left out came first
  Watcher* watcher_ = nullptr;
  int credit_ = kBurst;
  Clock::time_point counted_{};  // credit was given up to here
  uint64_t untold_ = 0;
};

// gRPC service aloha.worker.v1.Remote.
class RemoteService final : public worker::v1::Remote::CallbackService {
 public:
  // Both outlive the service.
  RemoteService(asio::io_context& loop, Refusals& refusals) : loop_(loop), refusals_(refusals) {}

  grpc::ServerWriteReactor<worker::v1::Refusal>* WatchRefusals(
      grpc::CallbackServerContext* call, const worker::v1::WatchRefusalsRequest* request) override;

 private:
  asio::io_context& loop_;
  Refusals& refusals_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_REFUSALS_H_
