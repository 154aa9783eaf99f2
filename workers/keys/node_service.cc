#include "workers/keys/node_service.h"

#include <utility>

#include "workers/runtime/serve.h"

namespace aloha::keys {
namespace v1 = worker::v1;

template <typename Response, typename Work>
NodeService::Reactor* NodeService::Answer(Call* call, Response* response, Work work) {
  return ServeLater(loop_, call, [this, response, work = std::move(work)](Engine::Done done) {
    engine_.WithNode(
        [response, work](Node& node) -> Result<> {
          Result<Response> result = work(node);
          if (!result) return tl::make_unexpected(result.error());
          *response = std::move(*result);
          return {};
        },
        std::move(done));
  });
}

NodeService::Reactor* NodeService::GetNode(Call* call, const v1::GetNodeRequest*,
                                           v1::GetNodeResponse* response) {
  return Answer(call, response, [](Node& node) { return node.Get(); });
}

NodeService::Reactor* NodeService::CertifyTlsKey(Call* call,
                                                 const v1::CertifyTlsKeyRequest* request,
                                                 v1::CertifyTlsKeyResponse* response) {
  return Answer(call, response,
                [request](Node& node) { return node.Certify(request->public_key()); });
}

NodeService::Reactor* NodeService::CreatePairingCode(
    Call* call, const v1::CreateNodePairingCodeRequest* request,
    v1::CreateNodePairingCodeResponse* response) {
  return Answer(call, response, [request](Node& node) { return node.CreateCode(request->name()); });
}

NodeService::Reactor* NodeService::CancelPairingCode(Call* call,
                                                     const v1::CancelPairingCodeRequest*,
                                                     v1::CancelPairingCodeResponse* response) {
  return Answer(call, response, [](Node& node) -> Result<v1::CancelPairingCodeResponse> {
    node.CancelCode();
    return v1::CancelPairingCodeResponse();
  });
}

NodeService::Reactor* NodeService::BeginJoin(Call* call, const v1::BeginJoinRequest* request,
                                             v1::BeginJoinResponse* response) {
  return Answer(call, response, [request](Node& node) { return node.BeginJoin(*request); });
}

NodeService::Reactor* NodeService::AcceptJoin(Call* call, const v1::AcceptJoinRequest* request,
                                              v1::AcceptJoinResponse* response) {
  return Answer(call, response, [request](Node& node) { return node.AcceptJoin(*request); });
}

NodeService::Reactor* NodeService::FinishJoin(Call* call, const v1::FinishJoinRequest* request,
                                              v1::FinishJoinResponse* response) {
  return Answer(call, response, [request](Node& node) { return node.FinishJoin(*request); });
}

NodeService::Reactor* NodeService::RemovePeer(Call* call, const v1::RemovePeerRequest*,
                                              v1::RemovePeerResponse* response) {
  return Answer(call, response, [](Node& node) -> Result<v1::RemovePeerResponse> {
    if (auto removed = node.RemovePeer(); !removed) return tl::make_unexpected(removed.error());
    return v1::RemovePeerResponse();
  });
}

}  // namespace aloha::keys
