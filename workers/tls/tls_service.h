// aloha.worker.v1.Tls over the engine.
#ifndef ALOHA_WORKERS_TLS_TLS_SERVICE_H_
#define ALOHA_WORKERS_TLS_TLS_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/roles.grpc.pb.h"
#include "workers/tls/engine.h"

namespace aloha::tls {

// Methods run on gRPC's threads and bring the work to the control thread. `loop` and `engine`
// outlive it.
class TlsService final : public worker::v1::Tls::CallbackService {
 public:
  TlsService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {}

  grpc::ServerUnaryReactor* GetTlsStats(grpc::CallbackServerContext* call,
                                        const worker::v1::GetTlsStatsRequest* request,
                                        worker::v1::GetTlsStatsResponse* response) override;
  grpc::ServerUnaryReactor* ResetTlsStats(grpc::CallbackServerContext* call,
                                          const worker::v1::ResetTlsStatsRequest* request,
                                          worker::v1::ResetTlsStatsResponse* response) override;

 private:
  asio::io_context& loop_;
  Engine& engine_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_TLS_SERVICE_H_
