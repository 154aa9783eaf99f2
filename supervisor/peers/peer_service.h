// gRPC service aloha.peer.v1.Peer as this node serves it: what the paired node asks, brought by
// aloha-gateway over a socket pair. A server of its own answers there, which knows nothing of the
// management API: whoever breaks into aloha-gateway cannot call that.
#ifndef ALOHA_SUPERVISOR_PEERS_PEER_SERVICE_H_
#define ALOHA_SUPERVISOR_PEERS_PEER_SERVICE_H_

#include <grpcpp/server.h>

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "peer/v1/peer.grpc.pb.h"
#include "supervisor/peers/peer_link.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

// Who calls, as aloha-gateway says: its node key, 32 bytes, and its address.
struct PeerCaller {
  std::string node_key;
  std::string address;
};

class PeerService final : public peer::v1::Peer::CallbackService {
 public:
  // What the service asks of the rest; control thread.
  struct Hooks {
    // kPermissionDenied: it is not the paired node.
    std::function<Result<>(const PeerCaller&)> admit;
    std::function<Result<peer::v1::HelloResponse>(const PeerCaller&, const peer::v1::HelloRequest&)>
        hello;
    std::function<asio::awaitable<Result<peer::v1::JoinResponse>>(PeerCaller,
                                                                  peer::v1::JoinRequest)>
        join;
  };

  // loop and link outlive the service.
  PeerService(asio::io_context& loop, const PeerLink& link, Hooks hooks);
  ~PeerService() override;

  // Our end of a socket pair to aloha-gateway.
  void Attach(UniqueFd connection);

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* call,
                                  const peer::v1::HelloRequest* request,
                                  peer::v1::HelloResponse* response) override;
  grpc::ServerUnaryReactor* Join(grpc::CallbackServerContext* call,
                                 const peer::v1::JoinRequest* request,
                                 peer::v1::JoinResponse* response) override;
  grpc::ServerUnaryReactor* PushState(grpc::CallbackServerContext* call,
                                      const peer::v1::PushStateRequest* request,
                                      peer::v1::PushStateResponse* response) override;
  grpc::ServerUnaryReactor* PushStickEntries(grpc::CallbackServerContext* call,
                                             const peer::v1::PushStickEntriesRequest* request,
                                             peer::v1::PushStickEntriesResponse* response) override;

 private:
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Dispatch(
      grpc::CallbackServerContext* call, const Request* request, Response* response,
      PeerHandlers::Handler<Request, Response> PeerHandlers::*handler);

  asio::io_context& loop_;
  const PeerLink& link_;
  const Hooks hooks_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_PEER_SERVICE_H_
