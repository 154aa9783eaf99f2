#include "supervisor/admin/users_api.h"

#include <fmt/format.h>

#include <utility>

#include "supervisor/machine/machine.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

using Reactor = grpc::ServerUnaryReactor;
using CallContext = grpc::CallbackServerContext;

std::string_view NameOf(v1::Role role) {
  return role == v1::ADMIN ? "administrator" : role == v1::OPERATOR ? "operator" : "monitor";
}

}  // namespace

// What happened to an account, as an event.
void UsersApi::Tell(const Caller& caller, std::string_view user, std::string text,
                    v1::ChangeResponse* response) {
  const Event& event =
      context_.events.Add(Event::INFO, "user", user, std::move(text), caller.actor, caller.method);
  if (response != nullptr) FillEvent(event, response);
}

Reactor* UsersApi::SignIn(CallContext* call, const v1::SignInRequest* request,
                          v1::SignInResponse* response) {
  return ServeCall(context_, call, CallKind::kOpen, "Users/SignIn",
                   [this, call, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const SignInOutcome outcome =
                         co_await context_.access.SignIn(caller.identity, request);
                     co_return Answer(call, outcome, caller, response);
                   });
}

Result<> UsersApi::Answer(CallContext* call, const SignInOutcome& outcome, Caller& caller,
                          v1::SignInResponse* response) {
  if (!outcome.result) {
    caller.unauthenticated = outcome.wrong;
    if (outcome.wait.count() > 0) {
      caller.detail.set_remedy(fmt::format("try again in {} s", outcome.wait.count()));
    }
    const std::string& user = outcome.identity.user;
    context_.refusals.Tell(
        fmt::format("nobody ({})", caller.identity.address), caller.method, caller.identity.address,
        fmt::format("refused: signing in{}: {}", user.empty() ? "" : fmt::format(" as {}", user),
                    outcome.result.error().message));
    return outcome.result;
  }
  response->set_missing(outcome.missing);
  if (outcome.token.empty()) return {};
  caller.identity = outcome.identity;
  caller.actor = outcome.identity.actor;
  *response->mutable_caller() = context_.access.Describe(outcome.identity);
  response->mutable_caller()->set_language(context_.machine.Language());
  call->AddTrailingMetadata("aloha-session", outcome.token);
  const auto lasts = std::chrono::seconds(SignIns::kLongest);
  call->AddTrailingMetadata("aloha-session-max-age", std::to_string(lasts.count()));
  Tell(caller, outcome.identity.user, "signed in");
  return {};
}

Reactor* UsersApi::SignOut(CallContext* call, const v1::SignOutRequest*,
                           v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/SignOut",
                   [this, response](Caller& caller) -> asio::awaitable<Result<>> {
                     if (caller.identity.sign_in.empty()) {
                       co_return Fail(Code::kFailedPrecondition, "there is no session to end");
                     }
                     context_.access.SignOut(caller.identity);
                     caller.identity.session_ended = true;
                     Tell(caller, caller.identity.user, "signed out", response);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::GetCaller(CallContext* call, const v1::GetCallerRequest*,
                             v1::CallerInfo* response) {
  return ServeCall(context_, call, CallKind::kOpen, "Users/GetCaller",
                   [this, response](Caller& caller) -> asio::awaitable<Result<>> {
                     *response = context_.access.Describe(caller.identity);
                     response->set_language(context_.machine.Language());
                     co_return Result<>();
                   });
}

Reactor* UsersApi::SetPassword(CallContext* call, const v1::SetPasswordRequest* request,
                               v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/SetPassword",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<std::string> user =
                         co_await context_.access.SetPassword(caller.identity, request);
                     if (!user) co_return tl::make_unexpected(user.error());
                     Tell(caller, *user, "the password was set; other sessions have ended",
                          response);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::CreateUser(CallContext* call, const v1::CreateUserRequest* request,
                              v1::User* response) {
  return ServeCall(
      context_, call, CallKind::kChange, "Users/CreateUser",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        Result<v1::User> user = co_await context_.access.CreateUser(caller.identity, request);
        if (!user) co_return tl::make_unexpected(user.error());
        *response = std::move(*user);
        Tell(caller, response->name(), fmt::format("created as {}", NameOf(response->role())));
        co_return Result<>();
      });
}

Reactor* UsersApi::ListUsers(CallContext* call, const v1::ListUsersRequest* request,
                             v1::ListUsersResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Users/ListUsers",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     co_return Page(context_.access.ListUsers(caller.identity),
                                    request->page_size(), request->page_token(),
                                    response->mutable_next_page_token(),
                                    [&](const v1::User& user) { *response->add_users() = user; });
                   });
}

Reactor* UsersApi::UpdateUser(CallContext* call, const v1::UpdateUserRequest* request,
                              v1::User* response) {
  return ServeCall(context_, call, CallKind::kChange, "Users/UpdateUser",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     Result<v1::User> user = context_.access.UpdateUser(*request);
                     if (!user) co_return tl::make_unexpected(user.error());
                     *response = std::move(*user);
                     Tell(caller, response->name(),
                          fmt::format("{}{}", NameOf(response->role()),
                                      response->disabled() ? ", disabled" : ""));
                     co_return Result<>();
                   });
}

Reactor* UsersApi::DeleteUser(CallContext* call, const v1::DeleteUserRequest* request,
                              v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Users/DeleteUser",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     if (auto deleted = context_.access.DeleteUser(request->name()); !deleted)
                       co_return deleted;
                     Tell(caller, request->name(),
                          "deleted; its sessions have ended, its tokens are revoked", response);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::ListSignIns(CallContext* call, const v1::ListSignInsRequest* request,
                               v1::ListSignInsResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Users/ListSignIns",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     co_return Page(
                         context_.access.ListSignIns(caller.identity), request->page_size(),
                         request->page_token(), response->mutable_next_page_token(),
                         [&](const v1::SignIn& sign_in) { *response->add_sign_ins() = sign_in; });
                   });
}

Reactor* UsersApi::RevokeSignIn(CallContext* call, const v1::RevokeSignInRequest* request,
                                v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/RevokeSignIn",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<std::string> user =
                         context_.access.RevokeSignIn(caller.identity, request->id());
                     if (!user) co_return tl::make_unexpected(user.error());
                     caller.identity.session_ended = request->id() == caller.identity.sign_in;
                     Tell(caller, *user, fmt::format("session {} was ended", request->id()),
                          response);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::BeginSecondFactor(CallContext* call, const v1::BeginSecondFactorRequest* request,
                                     v1::SecondFactorSecret* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/BeginSecondFactor",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     Result<v1::SecondFactorSecret> secret =
                         co_await context_.access.BeginSecondFactor(caller.identity, request);
                     if (!secret) co_return tl::make_unexpected(secret.error());
                     *response = std::move(*secret);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::ConfirmSecondFactor(CallContext* call,
                                       const v1::ConfirmSecondFactorRequest* request,
                                       v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/ConfirmSecondFactor",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<> confirmed =
                         context_.access.ConfirmSecondFactor(caller.identity, request->code());
                     if (!confirmed) co_return confirmed;
                     Tell(caller, caller.identity.user,
                          "signs in with a second factor from now on; other sessions have ended",
                          response);
                     co_return Result<>();
                   });
}

Reactor* UsersApi::RemoveSecondFactor(CallContext* call,
                                      const v1::RemoveSecondFactorRequest* request,
                                      v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kOwn, "Users/RemoveSecondFactor",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     const Result<std::string> user =
                         co_await context_.access.RemoveSecondFactor(caller.identity, request);
                     if (!user) co_return tl::make_unexpected(user.error());
                     Tell(caller, *user, "the second factor was removed", response);
                     co_return Result<>();
                   });
}

}  // namespace aloha::supervisor
