// Calls to aloha-keys.
#ifndef ALOHA_SUPERVISOR_CERTIFICATES_KEYS_CALLS_H_
#define ALOHA_SUPERVISOR_CERTIFICATES_KEYS_CALLS_H_

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "supervisor/call.h"
#include "supervisor/fleet.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {

// Making an RSA key takes a second or two on a slow machine, and so does a password's derivation.
inline constexpr std::chrono::seconds kKeysTimeout{30};

// Calls one method of the running aloha-keys; kUnavailable, with what to do, when none runs.
template <typename Request, typename Response>
asio::awaitable<Result<Response>> CallKeys(
    Fleet& fleet, UnaryMethod<class worker::v1::Keys::Stub::async, Request, Response> method,
    Request request) {
  const std::shared_ptr<Process> keys = fleet.Find("keys");
  if (!keys) {
    co_return Fail(Code::kUnavailable, "aloha-keys does not run; alohactl worker list says why");
  }
  const auto stub = worker::v1::Keys::NewStub(keys->channel);
  co_return co_await Call(stub->async(), method, std::move(request), kKeysTimeout);
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CERTIFICATES_KEYS_CALLS_H_
