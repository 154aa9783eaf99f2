#include "supervisor/admin/tokens_api.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace aloha::supervisor {
namespace v1 = admin::v1;

grpc::ServerUnaryReactor* TokensApi::CreateToken(grpc::CallbackServerContext* call,
                                                 const v1::CreateTokenRequest* request,
                                                 v1::CreateTokenResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Tokens/CreateToken",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     Result<v1::Token> token = context_.access.CreateToken(
                         caller.identity, *request, response->mutable_secret());
                     if (!token) co_return tl::make_unexpected(token.error());
                     *response->mutable_token() = std::move(*token);
                     const v1::Token& made = response->token();
                     context_.events.Add(
                         Event::INFO, "token", made.name(),
                         fmt::format("created as {}{}", v1::Role_Name(made.role()),
                                     made.scopes().empty()
                                         ? ""
                                         : fmt::format(" for {}", fmt::join(made.scopes(), ", "))),
                         caller.actor, caller.method);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* TokensApi::ListTokens(grpc::CallbackServerContext* call,
                                                const v1::ListTokensRequest* request,
                                                v1::ListTokensResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Tokens/ListTokens",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     co_return Page(
                         context_.access.ListTokens(caller.identity), request->page_size(),
                         request->page_token(), response->mutable_next_page_token(),
                         [&](const v1::Token& token) { *response->add_tokens() = token; });
                   });
}

grpc::ServerUnaryReactor* TokensApi::RevokeToken(grpc::CallbackServerContext* call,
                                                 const v1::RevokeTokenRequest* request,
                                                 v1::ChangeResponse* response) {
  return ServeCall(context_, call, CallKind::kChange, "Tokens/RevokeToken",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     if (auto revoked = context_.access.RevokeToken(request->name()); !revoked)
                       co_return revoked;
                     FillEvent(context_.events.Add(Event::INFO, "token", request->name(), "revoked",
                                                   caller.actor, caller.method),
                               response);
                     co_return Result<>();
                   });
}

}  // namespace aloha::supervisor
