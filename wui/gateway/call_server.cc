#include "wui/gateway/call_server.h"

#include <grpcpp/server_posix.h>
#include <sys/socket.h>

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "workers/runtime/packet.h"

namespace aloha::gateway {

void Undertaker::End(std::unique_ptr<grpc::Server> server, std::shared_ptr<void> connection) {
  asio::post(thread_, [server = std::move(server), connection = std::move(connection)]() mutable {
    server->Shutdown(std::chrono::system_clock::now());
    server.reset();
  });
}

Result<std::unique_ptr<grpc::Server>> StartCallServer(grpc::ServerBuilder& builder,
                                                      UniqueFd& out_plain) {
  Result<SocketPair> pair = MakeSocketPair(SOCK_STREAM);
  if (!pair) return tl::make_unexpected(std::move(pair).error());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return Fail(Code::kInternal, "gRPC starts no server");
  grpc::AddInsecureChannelFromFd(server.get(), pair->theirs.release());
  out_plain = std::move(pair->ours);
  return server;
}

}  // namespace aloha::gateway
