// Calls to aloha-keys about this node and the paired one, and to aloha-gateway.
#ifndef ALOHA_SUPERVISOR_PEERS_NODE_CALLS_H_
#define ALOHA_SUPERVISOR_PEERS_NODE_CALLS_H_

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "supervisor/call.h"
#include "supervisor/fleet.h"
#include "worker/v1/gateway.grpc.pb.h"
#include "worker/v1/node.grpc.pb.h"

namespace aloha::supervisor {

inline constexpr std::chrono::seconds kNodeKeysTimeout{10};
// A join includes connecting to another machine, and its answer.
inline constexpr std::chrono::seconds kGatewayTimeout{30};

// kUnavailable, with what to do, when it does not run.
template <typename Request, typename Response>
asio::awaitable<Result<Response>> CallNodeKeys(
    Fleet& fleet, UnaryMethod<class worker::v1::NodeKeys::Stub::async, Request, Response> method,
    Request request) {
  const std::shared_ptr<Process> keys = fleet.Find("keys");
  if (!keys) {
    co_return Fail(Code::kUnavailable, "aloha-keys does not run; alohactl worker list says why");
  }
  const auto stub = worker::v1::NodeKeys::NewStub(keys->channel);
  co_return co_await Call(stub->async(), method, std::move(request), kNodeKeysTimeout);
}

// The same of the running aloha-gateway.
template <typename Request, typename Response>
asio::awaitable<Result<Response>> CallGateway(
    Fleet& fleet, UnaryMethod<class worker::v1::Gateway::Stub::async, Request, Response> method,
    Request request) {
  const std::shared_ptr<Process> gateway = fleet.Find("gateway");
  if (!gateway) {
    co_return Fail(Code::kUnavailable, "aloha-gateway does not run; alohactl worker list says why");
  }
  const auto stub = worker::v1::Gateway::NewStub(gateway->channel);
  co_return co_await Call(stub->async(), method, std::move(request), kGatewayTimeout);
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_NODE_CALLS_H_
