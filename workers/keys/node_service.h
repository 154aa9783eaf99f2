// gRPC service aloha.worker.v1.NodeKeys.
#ifndef ALOHA_WORKERS_KEYS_NODE_SERVICE_H_
#define ALOHA_WORKERS_KEYS_NODE_SERVICE_H_

#include <asio/io_context.hpp>

#include "worker/v1/node.grpc.pb.h"
#include "workers/keys/engine.h"

namespace aloha::keys {

// Its methods run on gRPC's threads; what they do is done on the engine's thread for imports.
class NodeService final : public worker::v1::NodeKeys::CallbackService {
 public:
  // Both outlive the service.
  NodeService(asio::io_context& loop, Engine& engine) : loop_(loop), engine_(engine) {}

  using Reactor = grpc::ServerUnaryReactor;
  using Call = grpc::CallbackServerContext;

  Reactor* GetNode(Call* call, const worker::v1::GetNodeRequest* request,
                   worker::v1::GetNodeResponse* response) override;
  Reactor* CertifyTlsKey(Call* call, const worker::v1::CertifyTlsKeyRequest* request,
                         worker::v1::CertifyTlsKeyResponse* response) override;
  Reactor* CreatePairingCode(Call* call, const worker::v1::CreateNodePairingCodeRequest* request,
                             worker::v1::CreateNodePairingCodeResponse* response) override;
  Reactor* CancelPairingCode(Call* call, const worker::v1::CancelPairingCodeRequest* request,
                             worker::v1::CancelPairingCodeResponse* response) override;
  Reactor* BeginJoin(Call* call, const worker::v1::BeginJoinRequest* request,
                     worker::v1::BeginJoinResponse* response) override;
  Reactor* AcceptJoin(Call* call, const worker::v1::AcceptJoinRequest* request,
                      worker::v1::AcceptJoinResponse* response) override;
  Reactor* FinishJoin(Call* call, const worker::v1::FinishJoinRequest* request,
                      worker::v1::FinishJoinResponse* response) override;
  Reactor* RemovePeer(Call* call, const worker::v1::RemovePeerRequest* request,
                      worker::v1::RemovePeerResponse* response) override;

 private:
  // Answers with what `work` (a function of Node& to Result<Response>) gives.
  template <typename Response, typename Work>
  Reactor* Answer(Call* call, Response* response, Work work);

  asio::io_context& loop_;
  Engine& engine_;
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_NODE_SERVICE_H_
