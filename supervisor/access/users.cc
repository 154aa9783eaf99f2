// Accounts: passwords, roles, whether they may sign in.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/access/access.h"
#include "supervisor/access/password.h"
#include "supervisor/access/wall_time.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;

tl::unexpected<Error> NoUser(std::string_view name) {
  return Fail(Code::kNotFound, fmt::format("there is no user \"{}\"; alohactl user list shows them",
                                           EscapeForLog(name.substr(0, 64))));
}

config::v1::Account* FindIn(config::v1::Access& access, std::string_view name) {
  for (config::v1::Account& account : *access.mutable_account()) {
    if (account.name() == name) return &account;
  }
  return nullptr;
}

v1::User Convert(const config::v1::Account& account, uint32_t failed) {
  v1::User user;
  user.set_name(account.name());
  user.set_role(RoleOf(RightsOf(account.role())));
  user.set_disabled(account.disabled());
  user.set_second_factor(!account.second_factor().empty());
  user.set_must_change_password(account.must_change_password());
  user.set_created_us(account.created_us());
  user.set_password_changed_us(account.password_changed_us());
  user.set_last_sign_in_us(account.last_sign_in_us());
  user.set_last_address(account.last_address());
  user.set_failed_attempts(failed);
  return user;
}

}  // namespace

asio::awaitable<Result<>> Access::CheckOwnPassword(Identity who, Secret password,
                                                   std::string field) {
  const Accounts::Account* account = accounts_.Find(who.user);
  if (account == nullptr)
    co_return Fail(Code::kFailedPrecondition, "the caller has no account here");
  if (password.text().size() > kLongestPassword)
    co_return Fail(Code::kPermissionDenied, "the password is wrong", std::move(field));
  // A session that somebody got hold of is no way to guess the password.
  const auto wait = throttle_.Begin(who.user, who.address, std::chrono::steady_clock::now());
  if (wait.count() > 0) {
    co_return Fail(Code::kResourceExhausted,
                   fmt::format("too many attempts; try again in {} s", wait.count()));
  }
  const std::string hash = account->password_hash();
  const Result<bool> verified = co_await hasher_.Verify(hash, password, true);
  if (!verified) {
    throttle_.TakeBack(who.user, who.address);
    co_return tl::make_unexpected(verified.error());
  }
  const Accounts::Account* now = accounts_.Find(who.user);
  if (!*verified || now == nullptr || now->password_hash() != hash)
    co_return Fail(Code::kPermissionDenied, "the password is wrong", std::move(field));
  throttle_.TakeBack(who.user, who.address);
  co_return Result<>();
}

asio::awaitable<Result<std::string>> Access::SetPassword(Identity who,
                                                         const v1::SetPasswordRequest* request) {
  constexpr char kField[] = "new_password";
  const std::string name = request->user().empty() ? who.user : request->user();
  const Secret old(request->old_password()), fresh(request->new_password());
  Wipe(request->old_password());
  Wipe(request->new_password());
  const bool own = !name.empty() && name == who.user;
  if (name.empty()) co_return Fail(Code::kInvalidArgument, "name the user", "user");
  if (!own && who.rights < Rights::kAdmin)
    co_return Fail(Code::kPermissionDenied,
                   fmt::format("{} may not set the password of others", who.actor));
  if (auto good = CheckNewPassword(name, fresh.text(), kField); !good)
    co_return tl::make_unexpected(good.error());
  const bool renew = accounts_.broken() && who.local && name == kFirstUser;
  if (!renew && accounts_.Find(name) == nullptr) co_return NoUser(name);
  if (own) {
    std::string field = "old_password";
    const Result<> checked = co_await CheckOwnPassword(who, old, std::move(field));
    if (!checked) co_return tl::make_unexpected(checked.error());
    if (old.text() == fresh.text())
      co_return Fail(Code::kInvalidArgument, "this is the old password; choose another one",
                     kField);
  }
  const Result<std::string> hash = co_await hasher_.Hash(fresh, true);
  if (!hash) co_return tl::make_unexpected(hash.error());
  const auto set = [&](config::v1::Account& account) {
    account.set_password_hash(*hash);
    // Who sits at the machine is taken for the owner; whoever else knows it now should not.
    account.set_must_change_password(!own && !who.local);
    account.set_password_changed_us(WallMicroseconds());
  };
  if (renew) {
    config::v1::Account account;
    account.set_name(kFirstUser);
    account.set_role(config::v1::ACCESS_ADMIN);
    account.set_created_us(WallMicroseconds());
    set(account);
    const Result<> renewed = accounts_.Renew(std::move(account));
    if (!renewed) co_return tl::make_unexpected(renewed.error());
  } else {
    const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
      config::v1::Account* account = FindIn(access, name);
      if (account == nullptr) return NoUser(name);
      set(*account);
      return {};
    });
    if (!kept) co_return tl::make_unexpected(kept.error());
  }
  sign_ins_.EndOf(name, own ? std::string_view(who.sign_in) : std::string_view());
  failed_.erase(name);
  co_return name;
}

asio::awaitable<Result<v1::User>> Access::CreateUser(Identity who,
                                                     const v1::CreateUserRequest* request) {
  const Secret password(request->password());
  Wipe(request->password());
  const std::string& name = request->name();
  const Rights rights = RightsOf(request->role());
  if (!IsUserName(name))
    co_return Fail(Code::kInvalidArgument,
                   "1 to 32 of a-z, 0-9, \".\", \"_\" and \"-\", a letter first", "name");
  if (rights == Rights::kNone)
    co_return Fail(Code::kInvalidArgument, "MONITOR, OPERATOR or ADMIN", "role");
  if (rights > who.rights)
    co_return Fail(Code::kPermissionDenied, "nobody creates a user who may more", "role");
  if (accounts_.Find(name) != nullptr)
    co_return Fail(Code::kAlreadyExists, fmt::format("there is a user {} already", name), "name");
  if (auto good = CheckNewPassword(name, password.text(), "password"); !good)
    co_return tl::make_unexpected(good.error());
  const Result<std::string> hash = co_await hasher_.Hash(password, true);
  if (!hash) co_return tl::make_unexpected(hash.error());
  config::v1::Account account;
  account.set_name(name);
  account.set_role(AccessRoleOf(rights));
  account.set_password_hash(*hash);
  account.set_must_change_password(true);
  account.set_created_us(WallMicroseconds());
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    if (FindIn(access, name) != nullptr)
      return Fail(Code::kAlreadyExists, fmt::format("there is a user {} already", name), "name");
    if (access.account_size() >= Accounts::kMostAccounts)
      return Fail(Code::kResourceExhausted,
                  fmt::format("there are {} users already", Accounts::kMostAccounts));
    *access.add_account() = account;
    return {};
  });
  if (!kept) co_return tl::make_unexpected(kept.error());
  co_return Convert(account, 0);
}

Result<v1::User> Access::UpdateUser(const v1::UpdateUserRequest& request) {
  const Rights rights = RightsOf(request.role());
  if (request.has_role() && rights == Rights::kNone)
    return Fail(Code::kInvalidArgument, "MONITOR, OPERATOR or ADMIN", "role");
  const std::string& name = request.name();
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    config::v1::Account* account = FindIn(access, name);
    if (account == nullptr) return NoUser(name);
    if (request.has_role()) account->set_role(AccessRoleOf(rights));
    if (request.has_disabled()) account->set_disabled(request.disabled());
    return {};
  });
  if (!kept) return tl::make_unexpected(kept.error());
  if (request.has_disabled() && request.disabled()) sign_ins_.EndOf(name);
  return Convert(*accounts_.Find(name), 0);
}

Result<> Access::DeleteUser(const std::string& name) {
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    auto& accounts = *access.mutable_account();
    const auto from = std::remove_if(accounts.begin(), accounts.end(),
                                     [&](const auto& account) { return account.name() == name; });
    if (from == accounts.end()) return NoUser(name);
    accounts.erase(from, accounts.end());
    auto& tokens = *access.mutable_token();
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [&](const auto& token) { return token.creator() == name; }),
                 tokens.end());
    return {};
  });
  if (!kept) return kept;
  sign_ins_.EndOf(name);
  throttle_.Forget(name);
  code_throttle_.Forget(name);
  failed_.erase(name);
  pending_factors_.erase(name);
  return {};
}

std::vector<v1::User> Access::ListUsers(const Identity& who) const {
  std::vector<v1::User> list;
  for (const Accounts::Account& account : accounts_.all().account()) {
    if (who.rights < Rights::kAdmin && account.name() != who.user) continue;
    const auto failed = failed_.find(account.name());
    list.push_back(Convert(account, failed == failed_.end() ? 0 : failed->second));
  }
  std::sort(list.begin(), list.end(),
            [](const v1::User& a, const v1::User& b) { return a.name() < b.name(); });
  return list;
}

void Access::EndStaleSessions(const config::v1::Access& before) {
  for (const config::v1::Account& account : before.account()) {
    const Accounts::Account* now = accounts_.Find(account.name());
    if (now == nullptr || now->password_hash() != account.password_hash())
      sign_ins_.EndOf(account.name());
  }
}

}  // namespace aloha::supervisor
