#include "supervisor/access/accounts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "supervisor/access/password.h"
#include "supervisor/access/totp.h"
#include "supervisor/config/state_file.h"

namespace aloha::supervisor {
namespace {

namespace v1 = config::v1;

constexpr size_t kLongestName = 32;
constexpr size_t kHashBytes = 32;
constexpr std::string_view kHeader =
    "# Accounts and tokens of Aloha; alohactl user and alohactl token change them.\n";

std::string AsidePath(const std::string& path) { return path + ".broken"; }

bool IsRole(v1::AccessRole role) { return role >= v1::ACCESS_MONITOR && role <= v1::ACCESS_ADMIN; }

v1::Account FirstAccount() {
  v1::Account account;
  account.set_name(kFirstUser);
  account.set_role(v1::ACCESS_ADMIN);
  account.set_must_change_password(true);
  return account;
}

// Only the first account may be without a password, until it gets one.
bool HasUsablePassword(const v1::Account& account) {
  if (account.password_hash().empty())
    return account.name() == kFirstUser && account.must_change_password();
  return IsPasswordHash(account.password_hash());
}

bool IsWhole(const v1::Account& account) {
  return IsUserName(account.name()) && IsRole(account.role()) && HasUsablePassword(account) &&
         (account.second_factor().empty() || account.second_factor().size() == kFactorSecretBytes);
}

bool IsWhole(const v1::AccessToken& token) {
  return IsUserName(token.name()) && IsRole(token.role()) && token.hash().size() == kHashBytes;
}

bool HasAdministrator(const v1::Access& access) {
  return std::any_of(access.account().begin(), access.account().end(), [](const auto& account) {
    return account.role() == v1::ACCESS_ADMIN && !account.disabled();
  });
}

template <typename List>
bool AreWholeAndDifferent(const List& list) {
  std::set<std::string_view> names;
  return std::all_of(list.begin(), list.end(), [&](const auto& element) {
    return IsWhole(element) && names.insert(element.name()).second;
  });
}

}  // namespace

bool IsUserName(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kLongestName && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}

v1::Access FirstAccess() {
  v1::Access access;
  *access.add_account() = FirstAccount();
  return access;
}

Result<> CheckAccess(const v1::Access& access) {
  if (!AreWholeAndDifferent(access.account()))
    return Fail(Code::kInvalidArgument, "has an account that is not whole, or twice");
  if (!AreWholeAndDifferent(access.token()))
    return Fail(Code::kInvalidArgument, "has a token that is not whole, or twice");
  if (!HasAdministrator(access))
    return Fail(Code::kFailedPrecondition, "no administrator who can sign in would be left");
  return {};
}

Result<> Accounts::Load() {
  kept_.Clear();
  broken_ = false;
  v1::Access read;
  const Result<> loaded = ReadState(path_, &read);
  if (loaded) {
    if (const Result<> checked = CheckAccess(read); !checked) {
      broken_ = true;
      const std::string aside = AsidePath(path_);
      const bool moved = std::rename(path_.c_str(), aside.c_str()) == 0;
      return Fail(Code::kInvalidArgument,
                  fmt::format("{} {}; {}", path_, checked.error().message,
                              moved ? "set aside as " + aside : "it could not be set aside"));
    }
    kept_ = std::move(read);
    return {};
  }
  if (loaded.error().code != Code::kNotFound) {
    broken_ = true;
    return loaded;
  }
  // One that was set aside at an earlier start is no reason to let the first password in again.
  if (access(AsidePath(path_).c_str(), F_OK) == 0) {
    broken_ = true;
    return Fail(Code::kInvalidArgument,
                fmt::format("{} is missing, and an earlier one was set aside as {}", path_,
                            AsidePath(path_)));
  }
  kept_ = FirstAccess();
  return {};
}

bool Accounts::first_sign_in() const {
  const Account* first = Find(kFirstUser);
  return first != nullptr && first->password_hash().empty();
}

const Accounts::Account* Accounts::Find(std::string_view name) const {
  for (const Account& account : kept_.account()) {
    if (account.name() == name) return &account;
  }
  return nullptr;
}

const Accounts::Token* Accounts::FindToken(std::string_view name) const {
  for (const Token& token : kept_.token()) {
    if (token.name() == name) return &token;
  }
  return nullptr;
}

const Accounts::Token* Accounts::FindTokenByHash(const std::string& hash) const {
  for (const Token& token : kept_.token()) {
    if (token.hash() == hash) return &token;
  }
  return nullptr;
}

Result<> Accounts::Write(const v1::Access& access) const {
  return WriteState(path_, access, kHeader, 0600);
}

Result<> Accounts::Change(const std::function<Result<>(v1::Access&)>& change) {
  if (broken_) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("{} cannot be used; \"alohactl user password {}\" on this machine "
                            "begins a new one",
                            path_, kFirstUser));
  }
  v1::Access next = kept_;
  if (const Result<> changed = change(next); !changed) return changed;
  return Replace(std::move(next));
}

Result<> Accounts::Renew(Account account) {
  v1::Access next;
  *next.add_account() = std::move(account);
  return Replace(std::move(next));
}

Result<> Accounts::Replace(v1::Access next) {
  if (const Result<> checked = CheckAccess(next); !checked) return checked;
  if (const Result<> written = Write(next); !written) return written;
  kept_ = std::move(next);
  broken_ = false;
  noted_ = false;
  return {};
}

Accounts::Account* Accounts::Note(std::string_view name) {
  for (Account& account : *kept_.mutable_account()) {
    if (account.name() != name) continue;
    noted_ = true;
    return &account;
  }
  return nullptr;
}

Accounts::Token* Accounts::NoteToken(std::string_view name) {
  for (Token& token : *kept_.mutable_token()) {
    if (token.name() != name) continue;
    noted_ = true;
    return &token;
  }
  return nullptr;
}

void Accounts::Flush() {
  if (!noted_ || broken_) return;
  // Who never set a password has no file, which says so.
  if (first_sign_in() && access(path_.c_str(), F_OK) != 0) return;
  if (Write(kept_)) noted_ = false;
}

}  // namespace aloha::supervisor
