// Calls to the proxy on behalf of the management API.
#ifndef ALOHA_SUPERVISOR_ADMIN_PROXY_CALLS_H_
#define ALOHA_SUPERVISOR_ADMIN_PROXY_CALLS_H_

#include <asio/awaitable.hpp>
#include <chrono>

#include "supervisor/admin/handler.h"
#include "supervisor/call.h"
#include "supervisor/fleet.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {

inline constexpr std::chrono::seconds kProxyTimeout{5};

// Calls one method of the running proxy; kUnavailable, with what to do, when none runs.
template <typename Request, typename Response>
asio::awaitable<Result<Response>> CallProxy(
    AdminContext& context,
    UnaryMethod<class worker::v1::Proxy::Stub::async, Request, Response> method, Request request) {
  const std::shared_ptr<Process> proxy = context.fleet.Find("proxy");
  if (!proxy)
    co_return Fail(Code::kUnavailable, "aloha-proxy does not run; alohactl service list says why");
  const auto stub = worker::v1::Proxy::NewStub(proxy->channel);
  co_return co_await Call(stub->async(), method, std::move(request), kProxyTimeout);
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_PROXY_CALLS_H_
