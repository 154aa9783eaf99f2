// Accounts and tokens, kept in one file of the state folder. A change is on disk before it counts.
#ifndef ALOHA_SUPERVISOR_ACCESS_ACCOUNTS_H_
#define ALOHA_SUPERVISOR_ACCESS_ACCOUNTS_H_

#include <functional>
#include <string>
#include <string_view>

#include "config/v1/access.pb.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// The account that there is without the file, and its first password, which opens nothing but the
// way to a new one.
inline constexpr char kFirstUser[] = "admin";

// The accounts of a new machine: that user, who sets a password at the first sign-in.
config::v1::Access FirstAccess();
inline constexpr char kFirstPassword[] = "admin";

// 1 to 32 of a-z, 0-9, ".", "_", "-"; begins with a letter.
bool IsUserName(std::string_view name);

// Control thread.
class Accounts {
 public:
  using Account = config::v1::Account;
  using Token = config::v1::AccessToken;

  static constexpr int kMostAccounts = 200;
  static constexpr int kMostTokens = 200;

  explicit Accounts(std::string path) : path_(std::move(path)) {}

  // What an earlier supervisor kept. Without a file: the first account, whose password is to be
  // set. kInvalidArgument, kInternal: the file is there, or was and was set aside, and cannot be
  // used; then there is no account at all, and `broken` holds until Renew.
  Result<> Load();
  bool broken() const { return broken_; }
  // Nobody has set the first password yet.
  bool first_sign_in() const;

  // Null: none.
  const Account* Find(std::string_view name) const;
  const Token* FindToken(std::string_view name) const;
  const Token* FindTokenByHash(const std::string& hash) const;
  const config::v1::Access& all() const { return kept_; }

  // Changes a copy, which is checked, written, and then counts: all or nothing. `change` may
  // refuse. kFailedPrecondition: no administrator who can sign in would be left.
  Result<> Change(const std::function<Result<>(config::v1::Access&)>& change);
  // Takes these in place of all there are, also after a file that could not be used. Errors as
  // Change.
  Result<> Replace(config::v1::Access next);
  // After a file that could not be used: an administrator of this name alone.
  Result<> Renew(Account account);

  // When and from where somebody came last: written with the next change, or by Flush. Null: none.
  Account* Note(std::string_view name);
  Token* NoteToken(std::string_view name);
  // Writes what was noted. Its failure costs nothing but that.
  void Flush();

 private:
  Result<> Write(const config::v1::Access& access) const;

  const std::string path_;
  config::v1::Access kept_;
  bool broken_ = false;
  bool noted_ = false;
};

// For tests and the fuzzer: what Load refuses, and why.
Result<> CheckAccess(const config::v1::Access& access);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_ACCOUNTS_H_
