// What every method of the management API shares: run on the control thread, know the caller,
// audit, answer.
#ifndef ALOHA_SUPERVISOR_ADMIN_HANDLER_H_
#define ALOHA_SUPERVISOR_ADMIN_HANDLER_H_

#include <grpcpp/support/server_callback.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "admin/v1/admin.pb.h"
#include "supervisor/async.h"
#include "supervisor/events.h"
#include "supervisor/management_socket.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

class Fleet;
class Deployment;
class Services;
class Checks;
class Configurator;
class Certificates;

// Everything the management API works on; outlives it.
struct AdminContext {
  asio::io_context& loop;
  Log& log;
  Events& events;
  ManagementSocket& socket;
  Fleet& fleet;
  Services& services;
  Checks& checks;
  Configurator& configuration;
  Certificates& certificates;
  std::string privilege;  // how aloha-system gets capabilities
};

// One call in progress.
struct Caller {
  std::string actor;                // "root (uid 0)"
  std::string method;               // "Services/StopService"
  bool may_change = true;           // false: a worker, which may only read
  admin::v1::ErrorDetail detail{};  // sent with a failure
};

enum class CallKind { kRead, kChange };

// Writes the audit line; a refused change becomes an event. What workers read is not worth a line.
void Audit(AdminContext& context, const Caller& caller, CallKind kind, const Result<>& result);

// The status of a failed call, with its details.
grpc::Status ToAdminStatus(const Result<>& result, const Caller& caller);

// The event of a change, as the response carries it.
void FillEvent(const Event& event, admin::v1::ChangeResponse* response);

// kPermissionDenied where the caller may not.
Result<> MayCall(CallKind kind, const Caller& caller);

// `work` lives in this frame until its coroutine has ended, so it may be a lambda that captures.
template <typename Work>
asio::awaitable<void> RunCall(AdminContext& context, CallKind kind,
                              grpc::ServerUnaryReactor* reactor, Caller caller, Work work) {
  Result<> result = MayCall(kind, caller);
  if (result) result = co_await work(caller);
  Audit(context, caller, kind, result);
  reactor->Finish(ToAdminStatus(result, caller));
}

// Runs `work` (a function of Caller& to asio::awaitable<Result<>>) on the control thread and
// answers with its result.
template <typename Work>
grpc::ServerUnaryReactor* ServeCall(AdminContext& context, grpc::CallbackServerContext* call,
                                    CallKind kind, std::string_view method, Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  ManagementSocket::Caller who = context.socket.Who(call->peer());
  Caller caller{std::move(who.name), std::string(method), who.may_change};
  asio::post(context.loop, [&context, kind, reactor, caller = std::move(caller),
                            work = std::move(work)]() mutable {
    Spawn(context.loop, RunCall(context, kind, reactor, std::move(caller), std::move(work)));
  });
  return reactor;
}

// Pages of a list: the token is the offset of the next one. `add` is called for each element of
// this page.
template <typename List, typename Add>
Result<> Page(const List& list, int page_size, const std::string& page_token,
              std::string* next_page_token, Add add) {
  constexpr int kDefault = 100;
  constexpr int kMost = 1000;
  if (page_size < 0 || page_size > kMost)
    return Fail(Code::kInvalidArgument, "1 to 1000, or 0 for 100", "page_size");
  size_t offset = 0;
  for (const char digit : page_token) {
    if (digit < '0' || digit > '9' || page_token.size() > 9) {
      return Fail(Code::kInvalidArgument, "not a token of an earlier answer", "page_token");
    }
    offset = offset * 10 + static_cast<size_t>(digit - '0');
  }
  const size_t wanted = page_size == 0 ? kDefault : static_cast<size_t>(page_size);
  size_t index = 0;
  for (const auto& element : list) {
    if (index >= offset + wanted) {
      *next_page_token = std::to_string(index);
      break;
    }
    if (index++ >= offset) add(element);
  }
  return {};
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_HANDLER_H_
