#include "supervisor/admin/synchronization_api.h"

#include "supervisor/peers/stick_sync.h"
#include "supervisor/peers/sync.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;

grpc::ServerUnaryReactor* SynchronizationApi::GetSynchronization(
    grpc::CallbackServerContext* call, const v1::GetSynchronizationRequest* request,
    v1::SyncState* response) {
  return ServeCall(context_, call, CallKind::kRead, "Synchronization/GetSynchronization",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     *response = context_.sync.Describe();
                     context_.stick_sync.Describe(*response->mutable_counters());
                     if (!request->with_diff()) co_return Result<>();
                     auto diff = co_await context_.sync.Diff();
                     if (diff) {
                       response->set_diff(std::move(*diff));
                     } else {
                       response->set_diff_problem(EscapeForLog(diff.error().message));
                     }
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* SynchronizationApi::StartSynchronization(
    grpc::CallbackServerContext* call, const v1::StartSynchronizationRequest*,
    v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Synchronization/StartSynchronization",
      [this, response](Caller& caller) -> asio::awaitable<Result<>> {
        const Result<> done = co_await context_.sync.Override();
        if (!done) co_return done;
        FillEvent(context_.events.Add(Event::INFO, "sync", "other node",
                                      "took over what this node has", caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
