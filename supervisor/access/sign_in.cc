// Signing in: throttle, password, second factor, first password, session.
#include <fmt/format.h>

#include "supervisor/access/access.h"
#include "supervisor/access/password.h"
#include "supervisor/access/totp.h"
#include "supervisor/access/wall_time.h"
#include "supervisor/config/address.h"
#include "supervisor/config/connected_networks.h"

namespace aloha::supervisor {
namespace {

namespace v1 = admin::v1;

constexpr char kWrong[] = "name, password or code is wrong";

}  // namespace

bool Access::IsNear(const std::string& text) {
  const auto address = ParseAddress(text);
  if (!address) return false;
  Address loopback;
  loopback.v6 = true;
  loopback.bytes[15] = 1;
  if (address->v6 ? *address == loopback : address->bytes[0] == 127) return true;
  return !FindInterface(ReadConnectedNetworks(), *address).empty();
}

// What is known of one attempt.
struct Access::Attempt {
  Identity who;
  std::string user;  // as it was typed; a name that can be none is empty
  Secret password, code, new_password;
  std::string hash;  // of the account, when the attempt began
  bool exists = false;
  bool first = false;  // the first password was never changed
};

asio::awaitable<SignInOutcome> Access::SignIn(Identity who, const v1::SignInRequest* request) {
  SignInOutcome outcome;
  Attempt attempt{std::move(who), IsUserName(request->user()) ? request->user() : std::string(),
                  Secret(request->password()), Secret(request->code()),
                  Secret(request->new_password())};
  Wipe(request->password());
  Wipe(request->new_password());
  if (!attempt.who.browser || attempt.who.address.empty()) {
    outcome.result = Fail(Code::kFailedPrecondition,
                          "signing in is for the web interface; whoever comes this way is known");
    co_return outcome;
  }
  if (attempt.password.text().size() > kLongestPassword) co_return Wrong(attempt);
  outcome.wait =
      throttle_.Begin(attempt.user, attempt.who.address, std::chrono::steady_clock::now());
  if (outcome.wait.count() > 0) {
    outcome.result = Fail(Code::kResourceExhausted, "too many attempts");
    co_return outcome;
  }
  const Accounts::Account* account = accounts_.Find(attempt.user);
  attempt.exists = account != nullptr;
  attempt.first = attempt.exists && account->password_hash().empty();
  attempt.hash = attempt.exists && !attempt.first ? account->password_hash() : kNobodysHash;
  SignInOutcome checked = co_await Check(std::move(attempt));
  co_return checked;
}

asio::awaitable<SignInOutcome> Access::Check(Attempt attempt) {
  const std::string& address = attempt.who.address;
  const bool known = throttle_.Knows(attempt.user, address);
  const Result<bool> verified = co_await hasher_.Verify(attempt.hash, attempt.password, known);
  SignInOutcome outcome;
  if (!verified) {
    throttle_.TakeBack(attempt.user, address);
    outcome.wait = std::chrono::seconds(2);
    outcome.result = tl::make_unexpected(verified.error());
    co_return outcome;
  }
  // It may have been changed meanwhile.
  const Accounts::Account* account = accounts_.Find(attempt.user);
  const bool same = account != nullptr && !account->disabled() &&
                    account->password_hash() == (attempt.first ? "" : attempt.hash);
  const bool right =
      attempt.first ? attempt.password.text() == kFirstPassword : *verified && attempt.exists;
  if (!same || !right) co_return Wrong(attempt);
  if (attempt.first && !IsNear(address)) {
    outcome = Wrong(attempt);
    outcome.wrong = false;
    outcome.result = Fail(Code::kPermissionDenied,
                          "the first password is set from a network that this machine is connected "
                          "to, or by \"alohactl user password admin\" on the machine itself");
    co_return outcome;
  }
  uint64_t step = 0;
  if (auto ended = CheckFactor(attempt, &step)) co_return *ended;
  if (account->must_change_password()) {
    if (attempt.new_password.text().empty())
      co_return this->Missing(attempt, v1::SignInResponse::NEW_PASSWORD);
    const Result<> set = co_await SetFirstPassword(attempt);
    if (!set) {
      throttle_.TakeBack(attempt.user, address);
      outcome.result = set;
      co_return outcome;
    }
  }
  co_return Begin(attempt, step);
}

SignInOutcome Access::Wrong(const Attempt& attempt) {
  SignInOutcome outcome;
  outcome.wrong = true;
  outcome.result = Fail(Code::kPermissionDenied, kWrong);
  if (attempt.exists) ++failed_[attempt.user];
  outcome.identity = attempt.who;
  // Not what was typed: now and then that is a password.
  outcome.identity.user = attempt.exists ? attempt.user : std::string();
  return outcome;
}

SignInOutcome Access::Missing(const Attempt& attempt, v1::SignInResponse::Missing missing) {
  throttle_.TakeBack(attempt.user, attempt.who.address);
  SignInOutcome outcome;
  outcome.missing = missing;
  return outcome;
}

// An outcome: it does not go on.
std::optional<SignInOutcome> Access::CheckFactor(const Attempt& attempt, uint64_t* step) {
  const Accounts::Account* account = accounts_.Find(attempt.user);
  *step = account->last_step();
  if (account->second_factor().empty()) return std::nullopt;
  if (attempt.code.text().empty()) return Missing(attempt, v1::SignInResponse::CODE);
  const auto now = std::chrono::steady_clock::now();
  const auto wait = code_throttle_.Begin(attempt.user, attempt.who.address, now);
  if (wait.count() > 0) {
    throttle_.TakeBack(attempt.user, attempt.who.address);
    SignInOutcome outcome;
    outcome.wait = wait;
    outcome.result = Fail(Code::kResourceExhausted, "too many attempts");
    return outcome;
  }
  const auto matched = MatchFactorCode(account->second_factor(), attempt.code.text(),
                                       WallMicroseconds() / 1'000'000, account->last_step());
  if (!matched) return Wrong(attempt);
  code_throttle_.Succeeded(attempt.user, attempt.who.address);
  *step = *matched;
  return std::nullopt;
}

asio::awaitable<Result<>> Access::SetFirstPassword(const Attempt& attempt) {
  constexpr char kField[] = "new_password";
  const std::string& fresh = attempt.new_password.text();
  if (auto good = CheckNewPassword(attempt.user, fresh, kField); !good) co_return good;
  if (fresh == attempt.password.text()) {
    co_return Fail(Code::kInvalidArgument, "this is the old password; choose another one", kField);
  }
  const Result<std::string> hash = co_await hasher_.Hash(attempt.new_password, true);
  if (!hash) co_return tl::make_unexpected(hash.error());
  const Result<> kept = accounts_.Change([&](config::v1::Access& access) -> Result<> {
    for (config::v1::Account& account : *access.mutable_account()) {
      if (account.name() != attempt.user) continue;
      if (account.password_hash() != (attempt.first ? "" : attempt.hash)) break;
      account.set_password_hash(*hash);
      account.set_must_change_password(false);
      account.set_password_changed_us(WallMicroseconds());
      return {};
    }
    return Fail(Code::kAborted, "somebody changed this account meanwhile; sign in again");
  });
  if (kept) sign_ins_.EndOf(attempt.user);
  co_return kept;
}

SignInOutcome Access::Begin(const Attempt& attempt, uint64_t step) {
  SignInOutcome outcome;
  const std::string& user = attempt.user;
  throttle_.Succeeded(user, attempt.who.address);
  failed_.erase(user);
  if (Accounts::Account* account = accounts_.Note(user)) {
    account->set_last_sign_in_us(WallMicroseconds());
    account->set_last_address(attempt.who.address);
    account->set_last_step(step);
    outcome.identity.rights = RightsOf(account->role());
  }
  accounts_.Flush();
  // A session that the browser had before is not carried over.
  if (!attempt.who.sign_in.empty()) sign_ins_.End(attempt.who.sign_in);
  outcome.token = sign_ins_.Begin(user, attempt.who.address, attempt.who.user_agent);
  ReportSignIns();
  outcome.identity.actor = fmt::format("{} ({})", user, attempt.who.address);
  outcome.identity.user = user;
  outcome.identity.address = attempt.who.address;
  if (const SignIns::Session* session = sign_ins_.Find(outcome.token, false))
    outcome.identity.sign_in = SignIns::IdOf(*session);
  return outcome;
}

}  // namespace aloha::supervisor
