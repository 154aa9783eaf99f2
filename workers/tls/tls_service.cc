#include "workers/tls/tls_service.h"

#include "workers/runtime/serve.h"

namespace aloha::tls {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

ServerUnaryReactor* TlsService::GetTlsStats(CallbackServerContext* call,
                                            const worker::v1::GetTlsStatsRequest*,
                                            worker::v1::GetTlsStatsResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    engine_.GetStats(*response);
    return {};
  });
}

ServerUnaryReactor* TlsService::ResetTlsStats(CallbackServerContext* call,
                                              const worker::v1::ResetTlsStatsRequest*,
                                              worker::v1::ResetTlsStatsResponse*) {
  return ServeOnLoop(loop_, call, [this]() -> Result<> {
    engine_.ResetStats();
    return {};
  });
}

}  // namespace aloha::tls
