// gRPC service aloha.worker.v1.Health.
#ifndef ALOHA_WORKERS_HEALTH_HEALTH_SERVICE_H_
#define ALOHA_WORKERS_HEALTH_HEALTH_SERVICE_H_

#include <asio/io_context.hpp>
#include <set>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/health/checker.h"
#include "workers/health/target_board.h"

namespace aloha::health {

// Its gRPC methods run on gRPC's threads and bring everything to the loop; the others are called on
// the loop.
class HealthService final : public worker::v1::Health::CallbackService {
 public:
  // All outlive the service.
  HealthService(asio::io_context& loop, const Checker& checker, const TargetBoard& board)
      : loop_(loop), checker_(checker), board_(board) {}

  grpc::ServerUnaryReactor* ListChecks(grpc::CallbackServerContext* call,
                                       const worker::v1::ListChecksRequest* request,
                                       worker::v1::ListChecksResponse* response) override;
  grpc::ServerWriteReactor<worker::v1::TargetStates>* WatchTargets(
      grpc::CallbackServerContext* call, const worker::v1::WatchTargetsRequest* request) override;

  // The targets were replaced: tells every watcher every state.
  void SendAll();
  // Tells every watcher the newest state of one target.
  void Send(size_t target);

 private:
  class Watcher;

  asio::io_context& loop_;
  const Checker& checker_;
  const TargetBoard& board_;
  std::set<Watcher*> watchers_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_HEALTH_SERVICE_H_
