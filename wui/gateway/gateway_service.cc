#include "wui/gateway/gateway_service.h"

#include <grpcpp/client_context.h>

#include <asio/post.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "peer/v1/peer.grpc.pb.h"
#include "workers/runtime/serve.h"

namespace aloha::gateway {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::seconds kJoinTimeout{15};

using Reactor = grpc::ServerUnaryReactor;
using Call = grpc::CallbackServerContext;

}  // namespace

Reactor* GatewayService::MakeTlsKey(Call* call, const v1::MakeTlsKeyRequest*,
                                    v1::MakeTlsKeyResponse* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    Result<std::string> point = identity_.MakeKey();
    if (!point) return tl::make_unexpected(point.error());
    response->set_public_key(std::move(*point));
    return {};
  });
}

Reactor* GatewayService::UseCertificate(Call* call, const v1::UseCertificateRequest* request,
                                        v1::UseCertificateResponse*) {
  return ServeOnLoop(loop_, call,
                     [this, request] { return identity_.Use(request->certificate()); });
}

Reactor* GatewayService::Join(Call* call, const v1::GatewayJoinRequest* request,
                              v1::GatewayJoinResponse* response) {
  return ServeLater(loop_, call, [this, request, response](Done done) {
    dialer_.Dial(
        request->address(), request->port(), std::nullopt,
        [this, request, response, done](Result<Connected> connected) {
          if (!connected) return done(tl::make_unexpected(connected.error()));
          AskToJoin(std::move(*connected), *request, *response, done);
        },
        [] {});
  });
}

void GatewayService::AskToJoin(Connected connected, const v1::GatewayJoinRequest& request,
                               v1::GatewayJoinResponse& response, Done done) {
  struct State {
    Connected connected;
    std::unique_ptr<peer::v1::Peer::Stub> stub;
    grpc::ClientContext context;
    peer::v1::JoinRequest request;
    peer::v1::JoinResponse response;
  };
  auto state = std::make_shared<State>();
  state->connected = std::move(connected);
  state->stub = peer::v1::Peer::NewStub(state->connected.channel);
  state->context.set_deadline(std::chrono::system_clock::now() + kJoinTimeout);
  if (!state->request.ParseFromString(request.request())) {
    state->connected.pump->Close();
    return done(Fail(Code::kInvalidArgument, "not a JoinRequest", "request"));
  }
  const auto answered = [this, state, &response, done](const grpc::Status& status) {
    asio::post(loop_, [state, &response, done, status] {
      state->connected.pump->Close();
      if (!status.ok()) return done(tl::make_unexpected(FromStatus(status)));
      response.set_response(state->response.SerializeAsString());
      response.set_node_key(state->connected.node_key.data(), state->connected.node_key.size());
      done({});
    });
  };
  state->stub->async()->Join(&state->context, &state->request, &state->response, answered);
}

Reactor* GatewayService::GetGatewayStats(Call* call, const v1::GetGatewayStatsRequest*,
                                         v1::GatewayStats* response) {
  return ServeOnLoop(loop_, call, [this, response]() -> Result<> {
    stats_(*response);
    return {};
  });
}

}  // namespace aloha::gateway
