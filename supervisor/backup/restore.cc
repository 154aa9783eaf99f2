#include "supervisor/backup/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "supervisor/access/accounts.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/persistence_secret.h"
#include "supervisor/config/references.h"
#include "supervisor/peers/shared_state.h"

namespace aloha::supervisor {
namespace {

using config::v1::BackupContent;
using config::v1::StoredCertificate;
using config::v1::StoredCertificates;

template <typename List>
auto* Named(List& list, const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name() == name; });
  return found == list.end() ? nullptr : &*found;
}

template <typename List>
std::vector<std::string> NamesOf(const List& list) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.name());
  return names;
}

bool StandsIn(const std::string& name) {
  return name == kSelfSigned || name == kWebStandIn || name == kRemoteStandIn;
}

// Why it is not restored; empty: it is.
std::string Kept(const StoredCertificate* own, const StoredCertificate& restored,
                 const std::set<std::string>& held) {
  if (own != nullptr && !own->file().empty())
    return fmt::format("certificate {}: stays as it is, read from a file", own->name());
  if (held.contains(restored.key())) return {};
  if (own != nullptr && held.contains(own->key()))
    return fmt::format(
        "certificate {}: stays as it is, for the private key of the backup's is missing",
        own->name());
  if (StandsIn(restored.name()))
    return fmt::format("certificate {}: is made anew where it is needed", restored.name());
  return {};
}

}  // namespace

void DropSecrets(BackupContent* content) {
  content->clear_persistence();
  content->clear_ticket_keys();
  for (auto& account : *content->mutable_users()->mutable_account()) account.clear_second_factor();
  if (content->users().account().empty()) content->clear_users();
}

Result<> CheckContent(const BackupContent& content) {
  if (!content.has_running())
    return Fail(Code::kInvalidArgument, "the backup has no configuration");
  if (auto named = CheckNames(content.certificates()); !named)
    return Fail(Code::kInvalidArgument, "the backup: " + named.error().message);
  if (content.has_persistence() && content.persistence().secret().size() != kSecretBytes)
    return Fail(Code::kInvalidArgument, "the secret of persistence has not its size");
  if (!content.has_users()) return {};
  const Result<> checked = CheckAccess(content.users());
  if (!checked && checked.error().code == Code::kFailedPrecondition)
    return Fail(Code::kInvalidArgument, "the backup has no administrator who can sign in");
  if (!checked) return Fail(Code::kInvalidArgument, "the backup " + checked.error().message);
  for (const auto& account : content.users().account()) {
    if (account.password_hash().empty())
      return Fail(Code::kInvalidArgument, "the backup has an account without a password");
  }
  return {};
}

admin::v1::BackupContents DescribeContents(const BackupContent& content, size_t private_keys) {
  admin::v1::BackupContents contents;
  contents.set_versions(static_cast<uint32_t>(content.history_size()));
  for (std::string& name : NamesOf(content.users().account())) contents.add_users(std::move(name));
  contents.set_tokens(static_cast<uint32_t>(content.users().token_size()));
  for (std::string& name : NamesOf(content.certificates().certificate()))
    contents.add_certificates(std::move(name));
  for (std::string& name : NamesOf(content.certificates().trust_anchor()))
    contents.add_trust_anchors(std::move(name));
  contents.set_private_keys(static_cast<uint32_t>(private_keys));
  return contents;
}

StoredCertificates CertificatesAfter(const StoredCertificates& own,
                                     const StoredCertificates& restored,
                                     const std::set<std::string>& held, Sentences* steps) {
  StoredCertificates after = own;
  for (const StoredCertificate& one : restored.certificate()) {
    StoredCertificate* there = Named(*after.mutable_certificate(), one.name());
    if (there != nullptr && there->SerializeAsString() == one.SerializeAsString()) continue;
    if (std::string kept = Kept(there, one, held); !kept.empty()) {
      steps->push_back(std::move(kept));
      continue;
    }
    steps->push_back(fmt::format("certificate {}: {}{}", one.name(),
                                 there == nullptr ? "is added" : "takes the place of the one here",
                                 held.contains(one.key())
                                     ? ""
                                     : ", without its private key: nobody is served with it until "
                                       "it is imported again"));
    if (there == nullptr) there = after.add_certificate();
    *there = one;
  }
  for (const auto& one : restored.trust_anchor()) {
    auto* there = Named(*after.mutable_trust_anchor(), one.name());
    if (there != nullptr && there->SerializeAsString() == one.SerializeAsString()) continue;
    steps->push_back(
        fmt::format("trust anchor {}: {}", one.name(),
                    there == nullptr ? "is added" : "takes the place of the one here"));
    if (there == nullptr) there = after.add_trust_anchor();
    *there = one;
  }
  return after;
}

config::v1::Access UsersAfter(const config::v1::Access& own, const config::v1::Access& restored,
                              bool with_second_factors, Sentences* steps) {
  config::v1::Access after = restored;
  for (auto& account : *after.mutable_account()) {
    const auto* there = Named(own.account(), account.name());
    if (there == nullptr) continue;
    // A code that was used is not good again.
    account.set_last_step(std::max(account.last_step(), there->last_step()));
    if (!with_second_factors) account.set_second_factor(there->second_factor());
  }
  steps->push_back(fmt::format("users: {} with the passwords of the backup, in place of {}",
                               fmt::join(NamesOf(after.account()), ", "),
                               fmt::join(NamesOf(own.account()), ", ")));
  if (!with_second_factors) {
    steps->push_back(
        "second factors: not in a backup without a passphrase; those of accounts that are here "
        "stay, others have none");
  }
  if (own.token_size() + after.token_size() > 0) {
    steps->push_back(fmt::format("tokens: {} of the backup, in place of {}", after.token_size(),
                                 own.token_size()));
  }
  return after;
}

}  // namespace aloha::supervisor
