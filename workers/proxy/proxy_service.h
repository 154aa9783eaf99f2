// aloha.worker.v1.Proxy over the engine.
#ifndef ALOHA_WORKERS_PROXY_PROXY_SERVICE_H_
#define ALOHA_WORKERS_PROXY_PROXY_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/proxy/engine.h"

namespace aloha::proxy {

// Methods run on gRPC's threads and bring the work to the control thread; answers that data threads
// gather end there as well. `loop` and `engine` outlive it.
class ProxyService final : public worker::v1::Proxy::CallbackService {
 public:
  ProxyService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {}

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* call,
                                     const worker::v1::GetStatsRequest* request,
                                     worker::v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ResetStats(grpc::CallbackServerContext* call,
                                       const worker::v1::ResetStatsRequest* request,
                                       worker::v1::ResetStatsResponse* response) override;
  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* call,
                                         const worker::v1::ListSessionsRequest* request,
                                         worker::v1::ListSessionsResponse* response) override;
  grpc::ServerUnaryReactor* CloseSessions(grpc::CallbackServerContext* call,
                                          const worker::v1::CloseSessionsRequest* request,
                                          worker::v1::CloseSessionsResponse* response) override;
  grpc::ServerUnaryReactor* ListStickEntries(
      grpc::CallbackServerContext* call, const worker::v1::ListStickEntriesRequest* request,
      worker::v1::ListStickEntriesResponse* response) override;
  grpc::ServerUnaryReactor* ClearStickEntries(
      grpc::CallbackServerContext* call, const worker::v1::ClearStickEntriesRequest* request,
      worker::v1::ClearStickEntriesResponse* response) override;

 private:
  asio::io_context& loop_;
  Engine& engine_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_PROXY_SERVICE_H_
