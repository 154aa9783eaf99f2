// What every method of the management API shares: run on the control thread, know the caller,
// audit, answer.
#ifndef ALOHA_SUPERVISOR_ADMIN_HANDLER_H_
#define ALOHA_SUPERVISOR_ADMIN_HANDLER_H_

#include <grpcpp/support/server_callback.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "admin/v1/admin.pb.h"
#include "supervisor/access/access.h"
#include "supervisor/access/refusals.h"
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
class VrrpWatch;
class Tracking;
class Peers;
class Sync;
class StickSync;
class Machine;
class Backups;
class Licenses;
class Firmware;
struct Hardware;

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
  VrrpWatch& vrrp;
  Tracking& tracking;
  Peers& peers;
  Sync& sync;
  StickSync& stick_sync;
  Machine& machine;
  const Hardware& hardware;
  Licenses& licenses;
  Firmware& firmware;
  Access& access;
  Backups& backups;
  Refusals& refusals;
  std::string privilege;  // how aloha-system gets capabilities
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

// One call in progress.
struct Caller {
  std::string actor;   // "root (uid 0)", "admin (10.0.0.9)"
  std::string method;  // "Services/StopService"
  Rights rights = Rights::kAdmin;
  admin::v1::ErrorDetail detail{};  // sent with a failure
  bool reports_leases = false;      // may do that, whatever else it may not
  Identity identity{};
  bool refused = false;          // for who it is, not for what it asks
  bool unauthenticated = false;  // a failure is answered so
  bool part = false;             // of what another call began: its success is not worth a line
};

// Where a call comes from, read off it on gRPC's thread.
struct CallSource {
  ManagementSocket::Caller connection;
  Credentials credentials;
};

// What a method does, which decides who may call it.
enum class CallKind {
  kOpen,     // everybody, also who has not signed in
  kOwn,      // a monitor: what concerns the caller alone
  kRead,     // a monitor
  kOperate,  // an operator
  kChange,   // an administrator
};

CallSource SourceOf(AdminContext& context, const grpc::CallbackServerContext& call);

// Fills in who calls. kPermissionDenied where they may not. `use`: it is a sign that somebody is
// there.
Result<> Admit(AdminContext& context, CallKind kind, const CallSource& source, bool use,
               Caller* caller);

// Writes the audit line; a refused call becomes an event. What workers read is not worth a line.
void Audit(AdminContext& context, const Caller& caller, CallKind kind, const Result<>& result);

// The status of a failed call, with its details.
grpc::Status ToAdminStatus(const Result<>& result, const Caller& caller);

// The event of a change, as the response carries it.
void FillEvent(const Event& event, admin::v1::ChangeResponse* response);

// kPermissionDenied where the caller may not.
Result<> MayCall(CallKind kind, const Caller& caller);

// Tells aloha-wui to have the browser forget a session that has ended.
void ForgetSession(grpc::CallbackServerContext& call);

// `work` lives in this frame until its coroutine has ended, so it may be a lambda that captures.
template <typename Work>
asio::awaitable<void> RunCall(AdminContext& context, CallKind kind,
                              grpc::CallbackServerContext* call, grpc::ServerUnaryReactor* reactor,
                              CallSource source, Caller caller, Work work) {
  Result<> result = Admit(context, kind, source, true, &caller);
  if (result) result = co_await work(caller);
  Audit(context, caller, kind, result);
  if (caller.identity.session_ended) ForgetSession(*call);
  reactor->Finish(ToAdminStatus(result, caller));
}

// Runs `work` (a function of Caller& to asio::awaitable<Result<>>) on the control thread and
// answers with its result.
template <typename Work>
grpc::ServerUnaryReactor* ServeCall(AdminContext& context, grpc::CallbackServerContext* call,
                                    CallKind kind, std::string_view method, Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  asio::post(context.loop, [&context, kind, call, reactor, source = SourceOf(context, *call),
                            method = std::string(method), work = std::move(work)]() mutable {
    Caller caller{.method = std::move(method)};
    Spawn(context.loop, RunCall(context, kind, call, reactor, std::move(source), std::move(caller),
                                std::move(work)));
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
