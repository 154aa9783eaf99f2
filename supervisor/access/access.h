// Who may use the management API from elsewhere: accounts, their sessions, tokens.
//
// Passwords are checked on a thread of their own; everything else here is the control thread's.
// Nothing that this module writes or tells holds a secret but what its callers ask for: the token
// of a fresh session, a fresh token, the secret of a second factor.
#ifndef ALOHA_SUPERVISOR_ACCESS_ACCESS_H_
#define ALOHA_SUPERVISOR_ACCESS_ACCESS_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/v1/users.pb.h"
#include "supervisor/access/accounts.h"
#include "supervisor/access/hasher.h"
#include "supervisor/access/identity.h"
#include "supervisor/access/sign_ins.h"
#include "supervisor/access/throttle.h"
#include "supervisor/events.h"
#include "supervisor/management_socket.h"

namespace aloha::supervisor {

// How an attempt to sign in ended.
struct SignInOutcome {
  Result<> result;
  // The failure was to know name, password and code: answered UNAUTHENTICATED.
  bool wrong = false;
  // Until the next attempt is heard.
  std::chrono::seconds wait{0};
  // Success without a session: what is missing.
  admin::v1::SignInResponse::Missing missing = admin::v1::SignInResponse::MISSING_UNSPECIFIED;
  std::string token;  // of the session
  Identity identity;  // whose it is
};

class Access {
 public:
  struct Paths {
    std::string users;     // in the state folder
    std::string sign_ins;  // in the run folder
  };

  Access(asio::io_context& loop, Events& events, Paths paths,
         std::function<const config::v1::Config&()> config);

  // Reads what an earlier supervisor kept; what is wrong with it becomes events.
  void Load();
  // Sweeps and writes from time to time, until the loop ends.
  asio::awaitable<void> Run();

  // Who a call is from. `use`: it is a sign that the session's user is there.
  Identity Identify(const ManagementSocket::Caller& connection, const Credentials& credentials,
                    bool use);

  // A stream of somebody from elsewhere begins: false, there are too many. EndStream for each that
  // began.
  bool BeginStream(const Identity& who);
  void EndStream(const Identity& who);

  // Errors of all that follows are those of admin.v1.Users and Tokens.
  asio::awaitable<SignInOutcome> SignIn(Identity who, const admin::v1::SignInRequest* request);
  void SignOut(const Identity& who) { sign_ins_.End(who.sign_in); }
  admin::v1::CallerInfo Describe(const Identity& who);
  // Answers whose password was set.
  asio::awaitable<Result<std::string>> SetPassword(Identity who,
                                                   const admin::v1::SetPasswordRequest* request);

  asio::awaitable<Result<admin::v1::User>> CreateUser(Identity who,
                                                      const admin::v1::CreateUserRequest* request);
  Result<admin::v1::User> UpdateUser(const admin::v1::UpdateUserRequest& request);
  Result<> DeleteUser(const std::string& name);
  // Of administrators everybody, of others themselves.
  std::vector<admin::v1::User> ListUsers(const Identity& who) const;

  std::vector<admin::v1::SignIn> ListSignIns(const Identity& who);
  // Answers whose it was.
  Result<std::string> RevokeSignIn(const Identity& who, const std::string& id);

  asio::awaitable<Result<admin::v1::SecondFactorSecret>> BeginSecondFactor(
      Identity who, const admin::v1::BeginSecondFactorRequest* request);
  Result<> ConfirmSecondFactor(const Identity& who, const std::string& code);
  // Answers whose it was.
  asio::awaitable<Result<std::string>> RemoveSecondFactor(
      Identity who, const admin::v1::RemoveSecondFactorRequest* request);

  // All accounts and tokens.
  const config::v1::Access& all() const { return accounts_.all(); }
  // Somebody has set the first password, and what is kept can be used.
  bool in_use() const { return !accounts_.broken() && !accounts_.first_sign_in(); }
  // Takes these in place of all there are. Errors as Accounts::Change.
  Result<> Replace(config::v1::Access next) { return accounts_.Replace(std::move(next)); }
  // Ends the sessions of those whose password is another one than it was.
  void EndStaleSessions(const config::v1::Access& before);

  // `secret` gets the token itself.
  Result<admin::v1::Token> CreateToken(const Identity& who,
                                       const admin::v1::CreateTokenRequest& request,
                                       std::string* secret);
  std::vector<admin::v1::Token> ListTokens(const Identity& who) const;
  Result<> RevokeToken(const std::string& name);

 private:
  struct PendingFactor {
    std::string secret;
    std::chrono::steady_clock::time_point ends;
  };
  struct Attempt;

  // This machine's own address, or of a network that it is connected to.
  static bool IsNear(const std::string& address);
  void Trust(const Credentials& credentials, Identity& who, bool use);
  void TrustSession(const Credentials& credentials, Identity& who, bool use);
  void TrustToken(const Credentials& credentials, Identity& who);
  void TrustCertificate(const Credentials& credentials, Identity& who);
  bool CreatorMay(const config::v1::AccessToken& token, Rights* rights) const;

  asio::awaitable<SignInOutcome> Check(Attempt attempt);
  std::optional<SignInOutcome> CheckFactor(const Attempt& attempt, uint64_t* step);
  asio::awaitable<Result<>> SetFirstPassword(const Attempt& attempt);
  SignInOutcome Wrong(const Attempt& attempt);
  SignInOutcome Missing(const Attempt& attempt, admin::v1::SignInResponse::Missing missing);
  SignInOutcome Begin(const Attempt& attempt, uint64_t step);
  // kPermissionDenied, kResourceExhausted: it is not the caller's own.
  asio::awaitable<Result<>> CheckOwnPassword(Identity who, Secret password, std::string field);
  asio::awaitable<Result<>> RenewAccounts(Secret password);
  void ReportSignIns();

  asio::io_context& loop_;
  Events& events_;
  const std::function<const config::v1::Config&()> config_;
  Accounts accounts_;
  SignIns sign_ins_;
  Throttle throttle_{Throttle::kOfPasswords};
  Throttle code_throttle_{Throttle::kOfCodes};
  std::map<std::string, uint32_t> failed_;                // attempts in a row, by account
  std::map<std::string, PendingFactor> pending_factors_;  // by account
  std::map<std::string, int> streams_;                    // by who has them
  int all_streams_ = 0;
  bool told_unkept_ = false;  // that sessions are not on disk
  Hasher hasher_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_ACCESS_H_
