// The gRPC server of one connection from another machine: behind its TLS pump, for its calls alone.
#ifndef ALOHA_WUI_GATEWAY_CALL_SERVER_H_
#define ALOHA_WUI_GATEWAY_CALL_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <asio/thread_pool.hpp>
#include <memory>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::gateway {

// Where servers end, which may take a while.
class Undertaker {
 public:
  // Waits for those that are still ending.
  ~Undertaker() { thread_.join(); }

  // Cancels its calls; `connection`, which holds the server and what it serves, goes after it.
  void End(std::unique_ptr<grpc::Server> server, std::shared_ptr<void> connection);

 private:
  asio::thread_pool thread_{1};
};

// Starts what `builder` describes; out_plain gets the socket that its calls come through.
Result<std::unique_ptr<grpc::Server>> StartCallServer(grpc::ServerBuilder& builder,
                                                      UniqueFd& out_plain);

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_CALL_SERVER_H_
