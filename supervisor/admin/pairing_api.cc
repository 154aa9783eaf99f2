// The methods about the other node.
#include <fmt/format.h>

#include <utility>

#include "supervisor/admin/high_availability_api.h"
#include "supervisor/peers/peers.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;

grpc::ServerUnaryReactor* HighAvailabilityApi::CreatePairingCode(
    grpc::CallbackServerContext* call, const v1::CreatePairingCodeRequest*,
    v1::PairingCode* response) {
  return ServeCall(context_, call, CallKind::kChange, "HighAvailability/CreatePairingCode",
                   [&context = context_, response](Caller& caller) -> asio::awaitable<Result<>> {
                     auto code = co_await context.peers.CreateCode();
                     if (!code) co_return tl::make_unexpected(code.error());
                     *response = std::move(*code);
                     context.events.Add(Event::INFO, "node", "pairing",
                                        "a one-time code was made; it is good for ten minutes",
                                        caller.actor, caller.method);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* HighAvailabilityApi::PairNode(grpc::CallbackServerContext* call,
                                                        const v1::PairNodeRequest* request,
                                                        v1::PairNodeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "HighAvailability/PairNode",
      [&context = context_, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        auto node = co_await context.peers.Pair(request->address(), request->code());
        if (!node) co_return tl::make_unexpected(node.error());
        *response->mutable_event() = context.events.Add(
            Event::INFO, "node", node->name(), fmt::format("paired; it is at {}", node->address()),
            caller.actor, caller.method);
        *response->mutable_node() = std::move(*node);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* HighAvailabilityApi::GetNodes(grpc::CallbackServerContext* call,
                                                        const v1::GetNodesRequest*,
                                                        v1::Nodes* response) {
  return ServeCall(context_, call, CallKind::kRead, "HighAvailability/GetNodes",
                   [&context = context_, response](Caller&) -> asio::awaitable<Result<>> {
                     auto nodes = co_await context.peers.List();
                     if (!nodes) co_return tl::make_unexpected(nodes.error());
                     *response = std::move(*nodes);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* HighAvailabilityApi::RemoveNode(grpc::CallbackServerContext* call,
                                                          const v1::RemoveNodeRequest*,
                                                          v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "HighAvailability/RemoveNode",
                   [&context = context_, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const auto name = co_await context.peers.Remove();
                     if (!name) co_return tl::make_unexpected(name.error());
                     FillEvent(context.events.Add(Event::INFO, "node", *name,
                                                  "the pairing was ended on this node",
                                                  caller.actor, caller.method),
                               response);
                     co_return Result<>();
                   });
}

}  // namespace aloha::supervisor
