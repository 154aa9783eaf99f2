// The second factor of an account.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "supervisor/access/access.h"
#include "supervisor/access/totp.h"
#include "supervisor/access/wall_time.h"
#include "supervisor/machine/host_name.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;

constexpr std::chrono::minutes kPatience{10};
constexpr int64_t kSecond = 1'000'000;

tl::unexpected<Error> NoAccount() {
  return Fail(Code::kFailedPrecondition,
              "the caller has no account here, and so no second factor: sign in with one");
}

}  // namespace

asio::awaitable<Result<v1::SecondFactorSecret>> Access::BeginSecondFactor(
    Identity who, const v1::BeginSecondFactorRequest* request) {
  const Secret password(request->password());
  Wipe(request->password());
  if (who.user.empty()) co_return NoAccount();
  std::string field = "password";
  const Result<> checked = co_await CheckOwnPassword(who, password, std::move(field));
  if (!checked) co_return tl::make_unexpected(checked.error());
  PendingFactor& pending = pending_factors_[who.user];
  pending.secret = NewFactorSecret();
  pending.ends = std::chrono::steady_clock::now() + kPatience;
  v1::SecondFactorSecret secret;
  secret.set_secret(EncodeBase32(pending.secret));
  secret.set_url(FactorUrl("Aloha " + HostName(), who.user, pending.secret));
  co_return secret;
}

Result<> Access::ConfirmSecondFactor(const Identity& who, const std::string& code) {
  if (who.user.empty()) return NoAccount();
  const auto pending = pending_factors_.find(who.user);
  if (pending == pending_factors_.end() ||
      pending->second.ends < std::chrono::steady_clock::now()) {
    return Fail(Code::kFailedPrecondition, "no secret waits for a code; begin again");
  }
  const auto step = MatchFactorCode(pending->second.secret, code, WallMicroseconds() / kSecond, 0);
  if (!step) {
    return Fail(Code::kInvalidArgument,
                "not the code of now; do the clocks of this machine and of the telephone agree?",
                "code");
  }
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    for (config::v1::Account& account : *access.mutable_account()) {
      if (account.name() != who.user) continue;
      account.set_second_factor(pending->second.secret);
      account.set_last_step(*step);
      return {};
    }
    return NoAccount();
  });
  if (!kept) return kept;
  Wipe(pending->second.secret);
  pending_factors_.erase(pending);
  sign_ins_.EndOf(who.user, who.sign_in);
  return {};
}

asio::awaitable<Result<std::string>> Access::RemoveSecondFactor(
    Identity who, const v1::RemoveSecondFactorRequest* request) {
  const Secret password(request->password());
  Wipe(request->password());
  const std::string name = request->user().empty() ? who.user : request->user();
  if (name.empty()) co_return NoAccount();
  if (name == who.user) {
    std::string field = "password";
    const Result<> checked = co_await CheckOwnPassword(who, password, std::move(field));
    if (!checked) co_return tl::make_unexpected(checked.error());
  } else if (who.rights < Rights::kAdmin) {
    co_return Fail(Code::kPermissionDenied,
                   fmt::format("{} may not change the account of others", who.actor));
  }
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    for (config::v1::Account& account : *access.mutable_account()) {
      if (account.name() != name) continue;
      account.clear_second_factor();
      account.clear_last_step();
      return {};
    }
    return Fail(Code::kNotFound,
                fmt::format("there is no user \"{}\"", EscapeForLog(name.substr(0, 64))));
  });
  if (!kept) co_return tl::make_unexpected(kept.error());
  co_return name;
}

}  // namespace aloha::supervisor
