#include "supervisor/admin/backups_api.h"

#include <fmt/format.h>

#include <utility>

#include "supervisor/admin/findings.h"
#include "supervisor/backup/backups.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

asio::awaitable<Result<>> Create(AdminContext& context, const Caller& caller,
                                 const v1::CreateBackupRequest& request,
                                 v1::CreateBackupResponse* response) {
  auto made =
      co_await context.backups.Create(request.sealed_passphrase(), !request.without_private_keys());
  if (!made) co_return tl::make_unexpected(made.error());
  const uint32_t num_keys = made->info.contents().private_keys();
  *response->mutable_event() = context.events.Add(
      Event::INFO, "backup", made->file_name,
      made->info.encrypted() ? fmt::format("made, encrypted, with {} private keys", num_keys)
                             : "made, without encryption and without private keys",
      caller.actor, caller.method);
  response->set_backup(std::move(made->bytes));
  response->set_file_name(std::move(made->file_name));
  *response->mutable_info() = std::move(made->info);
  co_return Result<>();
}

asio::awaitable<Result<>> Plan(AdminContext& context, const v1::PreviewRestoreRequest& request,
                               v1::PreviewRestoreResponse* response) {
  Backups::Source source{request.backup(), request.sealed_passphrase()};
  auto plan = co_await context.backups.PreviewRestore(std::move(source));
  if (!plan) co_return tl::make_unexpected(plan.error());
  *response->mutable_info() = std::move(plan->info);
  for (std::string& step : plan->steps) response->add_steps(EscapeForLog(step));
  AddFindings(plan->problems, response->mutable_findings());
  co_return Result<>();
}

asio::awaitable<Result<>> Restore(AdminContext& context, Caller& caller,
                                  const v1::RestoreBackupRequest& request,
                                  v1::RestoreBackupResponse* response) {
  std::vector<Problem> problems;
  Backups::Source source{request.backup(), request.sealed_passphrase()};
  Backups::Who who{caller.actor, caller.method};
  auto restored = co_await context.backups.Restore(std::move(source), std::move(who), &problems);
  if (!restored && HasErrors(problems)) {
    caller.detail.set_remedy(
        "give this machine what the configuration refers to, and restore again");
    co_return Refused(problems, caller);
  }
  if (!restored) co_return tl::make_unexpected(restored.error());
  response->set_version(restored->applied.version);
  for (std::string& step : restored->steps) response->add_steps(EscapeForLog(step));
  *response->mutable_event() = restored->applied.event;
  response->set_confirm_within_s(static_cast<uint32_t>(restored->applied.confirm_within.count()));
  co_return Result<>();
}

}  // namespace

grpc::ServerUnaryReactor* BackupsApi::CreateBackup(grpc::CallbackServerContext* call,
                                                   const v1::CreateBackupRequest* request,
                                                   v1::CreateBackupResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Backups/CreateBackup",
                   [this, request, response](Caller& caller) {
                     return Create(context_, caller, *request, response);
                   });
}

grpc::ServerUnaryReactor* BackupsApi::PreviewRestore(grpc::CallbackServerContext* call,
                                                     const v1::PreviewRestoreRequest* request,
                                                     v1::PreviewRestoreResponse* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Backups/PreviewRestore",
      [this, request, response](Caller&) { return Plan(context_, *request, response); });
}

grpc::ServerUnaryReactor* BackupsApi::RestoreBackup(grpc::CallbackServerContext* call,
                                                    const v1::RestoreBackupRequest* request,
                                                    v1::RestoreBackupResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Backups/RestoreBackup",
                   [this, request, response](Caller& caller) {
                     return Restore(context_, caller, *request, response);
                   });
}

}  // namespace aloha::supervisor
