// Unary gRPC calls as coroutines of the control thread.
#ifndef ALOHA_SUPERVISOR_CALL_H_
#define ALOHA_SUPERVISOR_CALL_H_

#include <grpcpp/client_context.h>

#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "workers/runtime/error.h"
#include "workers/runtime/grpc_status.h"

namespace aloha::supervisor {

// A callback method of a generated stub: &v1::Worker::Stub::async::GetInfo.
template <typename Stub, typename Request, typename Response>
using UnaryMethod = void (Stub::*)(grpc::ClientContext*, const Request*, Response*,
                                   std::function<void(grpc::Status)>);

// Calls `method` and waits at most `timeout` for its answer.
template <typename Stub, typename Request, typename Response>
asio::awaitable<Result<Response>> Call(Stub* stub, UnaryMethod<Stub, Request, Response> method,
                                       Request request, std::chrono::milliseconds timeout) {
  struct State {
    grpc::ClientContext context;
    Request request;
    Response response;
  };
  // Shared with gRPC's thread, which lets go first: what holds a channel must not end there.
  auto state = std::make_shared<State>();
  state->request = std::move(request);
  state->context.set_deadline(std::chrono::system_clock::now() + timeout);
  auto executor = co_await asio::this_coro::executor;
  const auto start = [stub, method, state, executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    (stub->*method)(&state->context, &state->request, &state->response,
                    [shared, state, executor](grpc::Status status) mutable {
                      asio::post(executor, [shared = std::move(shared), state = std::move(state),
                                            status = std::move(status)]() mutable {
                        (*shared)(std::move(status));
                      });
                    });
  };
  grpc::Status status =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(grpc::Status)>(
          start, asio::use_awaitable);
  if (!status.ok()) co_return tl::make_unexpected(FromStatus(status));
  co_return std::move(state->response);
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CALL_H_
