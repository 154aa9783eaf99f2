// gRPC service grpc.health.v1.Health, for one remote administrator: whether the management API
// answers, and that it answers him.
#ifndef ALOHA_WUI_GATEWAY_HEALTH_SERVICE_H_
#define ALOHA_WUI_GATEWAY_HEALTH_SERVICE_H_

#include <asio/io_context.hpp>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "wui/gateway/behalf.h"

namespace aloha::gateway {

class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  // Both outlive the service.
  HealthService(asio::io_context& loop, const Behalf& behalf) : loop_(loop), behalf_(behalf) {}

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* call,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* call,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  asio::io_context& loop_;
  const Behalf& behalf_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_HEALTH_SERVICE_H_
