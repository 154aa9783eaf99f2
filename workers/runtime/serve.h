// Bridges between gRPC's threads and the control thread.
#ifndef ALOHA_WORKERS_RUNTIME_SERVE_H_
#define ALOHA_WORKERS_RUNTIME_SERVE_H_

#include <grpcpp/support/server_callback.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <utility>

#include "workers/runtime/error.h"
#include "workers/runtime/grpc_status.h"

namespace aloha {

// The reactor of a unary call whose answer is made by `work` (returning Result<>) on the control
// thread. The request and response belong to gRPC and live until the answer is sent.
template <typename Work>
grpc::ServerUnaryReactor* ServeOnLoop(asio::io_context& loop, grpc::CallbackServerContext* call,
                                      Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  asio::post(loop,
             [reactor, work = std::move(work)]() mutable { reactor->Finish(ToStatus(work())); });
  return reactor;
}

// The same for work that ends later: `work` gets a copyable function to call once with a Result<>.
template <typename Work>
grpc::ServerUnaryReactor* ServeLater(asio::io_context& loop, grpc::CallbackServerContext* call,
                                     Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  asio::post(loop, [reactor, work = std::move(work)]() mutable {
    work([reactor](const Result<>& result) { reactor->Finish(ToStatus(result)); });
  });
  return reactor;
}

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_SERVE_H_
