// Calls to the running process of a role.
#ifndef ALOHA_SUPERVISOR_CALL_WORKER_H_
#define ALOHA_SUPERVISOR_CALL_WORKER_H_

#include <fmt/format.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "supervisor/call.h"
#include "supervisor/fleet.h"
#include "worker/v1/reports.grpc.pb.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {

// The role that serves a gRPC service, and how long its answer may take.
template <typename Service>
struct ServiceOf;
template <>
struct ServiceOf<worker::v1::Proxy> {
  static constexpr std::string_view kRole = "proxy";
  static constexpr std::chrono::seconds kTimeout{5};
};
template <>
struct ServiceOf<worker::v1::Health> {
  static constexpr std::string_view kRole = "health";
  static constexpr std::chrono::seconds kTimeout{5};
};
template <>
struct ServiceOf<worker::v1::Reports> {
  static constexpr std::string_view kRole = "health";
  // A mail server may take its time.
  static constexpr std::chrono::seconds kTimeout{60};
};
template <>
struct ServiceOf<worker::v1::Tls> {
  static constexpr std::string_view kRole = "tls";
  static constexpr std::chrono::seconds kTimeout{5};
};
template <>
struct ServiceOf<worker::v1::Keys> {
  static constexpr std::string_view kRole = "keys";
  // Making an RSA key takes a second or two on a slow machine, and so does a password's derivation.
  static constexpr std::chrono::seconds kTimeout{30};
};

// None of that role runs, and what to do.
inline Error DoesNotRun(std::string_view role) {
  return {Code::kUnavailable,
          fmt::format("aloha-{} does not run; alohactl worker list says why", role)};
}

// Calls one method of this process.
template <typename Service, typename Request, typename Response>
asio::awaitable<Result<Response>> CallProcess(
    const Process& process, UnaryMethod<class Service::Stub::async, Request, Response> method,
    Request request) {
  const auto stub = Service::NewStub(process.channel);
  co_return co_await Call(stub->async(), method, std::move(request), ServiceOf<Service>::kTimeout);
}

// Calls one method of the one that runs, CallWorker<v1::Keys>(fleet,
// &v1::Keys::Stub::async::ImportKey, request); kUnavailable, with what to do, when none runs.
template <typename Service, typename Request, typename Response>
asio::awaitable<Result<Response>> CallWorker(
    Fleet& fleet, UnaryMethod<class Service::Stub::async, Request, Response> method,
    Request request) {
  const std::shared_ptr<Process> process = fleet.Find(ServiceOf<Service>::kRole);
  if (!process) co_return tl::make_unexpected(DoesNotRun(ServiceOf<Service>::kRole));
  co_return co_await CallProcess<Service>(*process, method, std::move(request));
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CALL_WORKER_H_
