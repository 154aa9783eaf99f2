// Tokens for automation.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "supervisor/access/access.h"
#include "supervisor/access/secret.h"
#include "supervisor/access/wall_time.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;

constexpr uint32_t kDays = 90;
constexpr uint32_t kMostDays = 3'650;
constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
constexpr int kMostScopes = 100;

v1::Token Convert(const config::v1::AccessToken& token) {
  v1::Token out;
  out.set_name(token.name());
  out.set_role(RoleOf(RightsOf(token.role())));
  *out.mutable_scopes() = token.scope();
  out.set_creator(token.creator());
  out.set_created_us(token.created_us());
  out.set_expires_us(token.expires_us());
  out.set_last_used_us(token.last_used_us());
  out.set_last_address(token.last_address());
  return out;
}

// A scope of the new token is one that the maker has.
bool Covers(const std::vector<std::string>& own, const std::string& scope) {
  return own.empty() || std::find(own.begin(), own.end(), scope) != own.end() ||
         (!scope.ends_with("/*") && InScope(own, scope));
}

Result<> CheckRequest(const Identity& who, const v1::CreateTokenRequest& request) {
  if (!IsUserName(request.name()))
    return Fail(Code::kInvalidArgument,
                "1 to 32 of a-z, 0-9, \".\", \"_\" and \"-\", a letter first", "name");
  const Rights rights = RightsOf(request.role());
  if (rights == Rights::kNone)
    return Fail(Code::kInvalidArgument, "MONITOR, OPERATOR or ADMIN", "role");
  if (rights > who.rights)
    return Fail(Code::kPermissionDenied, "a token can have no more rights than who makes it",
                "role");
  if (request.days() > kMostDays)
    return Fail(Code::kInvalidArgument, "1 to 3650 days, or 0 for 90", "days");
  if (request.scopes_size() > kMostScopes)
    return Fail(Code::kInvalidArgument, "at most 100 scopes", "scopes");
  if (request.scopes().empty() && !who.scopes.empty())
    return Fail(Code::kPermissionDenied, "a token can have no more scopes than who makes it",
                "scopes");
  for (const std::string& scope : request.scopes()) {
    if (const Result<> checked = CheckScope(scope); !checked) return checked;
    if (!Covers(who.scopes, scope))
      return Fail(Code::kPermissionDenied, "a token can have no more scopes than who makes it",
                  "scopes");
  }
  return {};
}

}  // namespace

Result<v1::Token> Access::CreateToken(const Identity& who, const v1::CreateTokenRequest& request,
                                      std::string* secret) {
  if (const Result<> checked = CheckRequest(who, request); !checked)
    return tl::make_unexpected(checked.error());
  const std::string random = NewRandomSecret();
  const std::string full = fmt::format("{}{}", kTokenPrefix, random);
  Wipe(random);
  config::v1::AccessToken token;
  token.set_name(request.name());
  token.set_role(AccessRoleOf(RightsOf(request.role())));
  *token.mutable_scope() = request.scopes();
  token.set_hash(HashRandomSecret(full));
  token.set_created_us(WallMicroseconds());
  token.set_expires_us(token.created_us() + kDay * (request.days() == 0 ? kDays : request.days()));
  token.set_creator(who.user.empty() ? who.actor : who.user);
  // What a token makes goes with its maker, and ends no later.
  if (const Accounts::Token* maker = who.token.empty() ? nullptr : accounts_.FindToken(who.token)) {
    token.set_creator(maker->creator());
    token.set_expires_us(std::min(token.expires_us(), maker->expires_us()));
  }
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    auto& tokens = *access.mutable_token();
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [now = token.created_us()](const auto& other) {
                                  return other.expires_us() <= now;
                                }),
                 tokens.end());
    for (const config::v1::AccessToken& other : tokens) {
      if (other.name() == token.name())
        return Fail(Code::kAlreadyExists, fmt::format("there is a token {} already", token.name()),
                    "name");
    }
    if (tokens.size() >= Accounts::kMostTokens)
      return Fail(Code::kResourceExhausted,
                  fmt::format("there are {} tokens already; revoke some", Accounts::kMostTokens));
    *access.add_token() = token;
    return {};
  });
  if (!kept) return tl::make_unexpected(kept.error());
  *secret = full;
  Wipe(full);
  return Convert(token);
}

std::vector<v1::Token> Access::ListTokens(const Identity& who) const {
  std::vector<v1::Token> list;
  for (const Accounts::Token& token : accounts_.all().token()) {
    if (who.rights >= Rights::kAdmin || (!who.user.empty() && token.creator() == who.user))
      list.push_back(Convert(token));
  }
  std::sort(list.begin(), list.end(),
            [](const v1::Token& a, const v1::Token& b) { return a.name() < b.name(); });
  return list;
}

Result<> Access::RevokeToken(const std::string& name) {
  return accounts_.Change([&](config::v1::Access& access) -> Result<> {
    auto& tokens = *access.mutable_token();
    const auto from = std::remove_if(tokens.begin(), tokens.end(),
                                     [&](const auto& token) { return token.name() == name; });
    if (from == tokens.end()) {
      return Fail(Code::kNotFound,
                  fmt::format("there is no token \"{}\"; alohactl token list shows them",
                              EscapeForLog(name.substr(0, 64))));
    }
    tokens.erase(from, tokens.end());
    return {};
  });
}

}  // namespace aloha::supervisor
