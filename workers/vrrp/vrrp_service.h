// gRPC service aloha.worker.v1.Vrrp.
#ifndef ALOHA_WORKERS_VRRP_VRRP_SERVICE_H_
#define ALOHA_WORKERS_VRRP_VRRP_SERVICE_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <set>

#include "worker/v1/vrrp.grpc.pb.h"
#include "workers/vrrp/engine.h"

namespace aloha::vrrp {

// Its gRPC methods run on gRPC's threads and bring everything to the loop; the others are called on
// the loop.
class VrrpService final : public worker::v1::Vrrp::CallbackService {
 public:
  // Both outlive the service.
  VrrpService(asio::io_context& loop, Engine& engine)
      : loop_(loop), engine_(engine), timer_(loop) {}

  grpc::ServerUnaryReactor* GetVrrpState(grpc::CallbackServerContext* call,
                                         const worker::v1::GetVrrpStateRequest* request,
                                         worker::v1::VrrpState* response) override;
  grpc::ServerWriteReactor<worker::v1::VrrpState>* WatchVrrpState(
      grpc::CallbackServerContext* call, const worker::v1::WatchVrrpStateRequest* request) override;
  grpc::ServerUnaryReactor* SetHindrances(grpc::CallbackServerContext* call,
                                          const worker::v1::SetHindrancesRequest* request,
                                          worker::v1::SetHindrancesResponse* response) override;

  // Tells every watcher the state: at once, and what follows within the next 50 ms together.
  void Changed();

 private:
  class Watcher;

  void SendAll();

  asio::io_context& loop_;
  Engine& engine_;
  asio::steady_timer timer_;
  bool scheduled_ = false;
  std::chrono::steady_clock::time_point last_sent_;
  std::set<Watcher*> watchers_;
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_VRRP_SERVICE_H_
