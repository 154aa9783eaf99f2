// gRPC service aloha.worker.v1.Gateway.
#ifndef ALOHA_WUI_GATEWAY_GATEWAY_SERVICE_H_
#define ALOHA_WUI_GATEWAY_GATEWAY_SERVICE_H_

#include <asio/io_context.hpp>
#include <functional>

#include "worker/v1/gateway.grpc.pb.h"
#include "wui/gateway/dialer.h"
#include "wui/gateway/tls_identity.h"

namespace aloha::gateway {

// Its methods run on gRPC's threads and bring everything to the loop.
class GatewayService final : public worker::v1::Gateway::CallbackService {
 public:
  // All outlive the service. stats: fills in the answer to GetGatewayStats.
  GatewayService(asio::io_context& loop, TlsIdentity& identity, Dialer& dialer,
                 std::function<void(worker::v1::GatewayStats&)> stats)
      : loop_(loop), identity_(identity), dialer_(dialer), stats_(std::move(stats)) {}

  grpc::ServerUnaryReactor* MakeTlsKey(grpc::CallbackServerContext* call,
                                       const worker::v1::MakeTlsKeyRequest* request,
                                       worker::v1::MakeTlsKeyResponse* response) override;
  grpc::ServerUnaryReactor* UseCertificate(grpc::CallbackServerContext* call,
                                           const worker::v1::UseCertificateRequest* request,
                                           worker::v1::UseCertificateResponse* response) override;
  grpc::ServerUnaryReactor* Join(grpc::CallbackServerContext* call,
                                 const worker::v1::GatewayJoinRequest* request,
                                 worker::v1::GatewayJoinResponse* response) override;
  grpc::ServerUnaryReactor* GetGatewayStats(grpc::CallbackServerContext* call,
                                            const worker::v1::GetGatewayStatsRequest* request,
                                            worker::v1::GatewayStats* response) override;

 private:
  using Done = std::function<void(const Result<>&)>;

  void AskToJoin(Connected connected, const worker::v1::GatewayJoinRequest& request,
                 worker::v1::GatewayJoinResponse& response, Done done);

  asio::io_context& loop_;
  TlsIdentity& identity_;
  Dialer& dialer_;
  const std::function<void(worker::v1::GatewayStats&)> stats_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_GATEWAY_SERVICE_H_
