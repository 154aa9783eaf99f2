#include "workers/proxy/proxy_service.h"

#include <utility>

#include "workers/runtime/serve.h"

namespace aloha::proxy {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

ServerUnaryReactor* ProxyService::GetStats(CallbackServerContext* call,
                                           const worker::v1::GetStatsRequest*,
                                           worker::v1::GetStatsResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    engine_.GetStats(*response);
    return {};
  });
}

ServerUnaryReactor* ProxyService::ResetStats(CallbackServerContext* call,
                                             const worker::v1::ResetStatsRequest*,
                                             worker::v1::ResetStatsResponse*) {
  return ServeOnLoop(loop_, call, [this]() -> Result<> {
    engine_.ResetStats();
    return {};
  });
}

ServerUnaryReactor* ProxyService::ListSessions(CallbackServerContext* call,
                                               const worker::v1::ListSessionsRequest* request,
                                               worker::v1::ListSessionsResponse* response) {
  return ServeLater(loop_, call, [this, request, response](auto finish) {
    auto listed = engine_.ListSessions(
        *request, [response, finish](worker::v1::ListSessionsResponse sessions) {
          *response = std::move(sessions);
          finish({});
        });
    if (!listed) finish(listed);
  });
}

ServerUnaryReactor* ProxyService::CloseSessions(CallbackServerContext* call,
                                                const worker::v1::CloseSessionsRequest* request,
                                                worker::v1::CloseSessionsResponse* response) {
  return ServeLater(loop_, call, [this, request, response](auto finish) {
    auto closing = engine_.CloseSessions(*request, [response, finish](uint64_t closed) {
      response->set_closed(closed);
      finish({});
    });
    if (!closing) finish(closing);
  });
}

ServerUnaryReactor* ProxyService::ListStickEntries(
    CallbackServerContext* call, const worker::v1::ListStickEntriesRequest* request,
    worker::v1::ListStickEntriesResponse* response) {
  return ServeOnLoop(loop_, call, [this, request, response]() -> Result<> {
    engine_.ListStickEntries(*request, *response);
    return {};
  });
}

ServerUnaryReactor* ProxyService::ClearStickEntries(
    CallbackServerContext* call, const worker::v1::ClearStickEntriesRequest* request,
    worker::v1::ClearStickEntriesResponse* response) {
  return ServeOnLoop(loop_, call, [this, request, response]() -> Result<> {
    auto cleared = engine_.ClearStickEntries(*request);
    if (!cleared) return tl::make_unexpected(cleared.error());
    response->set_cleared(*cleared);
    return {};
  });
}

}  // namespace aloha::proxy
