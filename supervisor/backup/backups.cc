#include "supervisor/backup/backups.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "supervisor/access/access.h"
#include "supervisor/backup/backup_file.h"
#include "supervisor/call_worker.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/certificates/ticket_keys.h"
#include "supervisor/config/print.h"
#include "supervisor/facts.h"
#include "supervisor/machine/machine.h"
#include "supervisor/services.h"
#include "worker/v1/backup.grpc.pb.h"

namespace aloha::supervisor {

template <>
struct ServiceOf<worker::v1::KeyBackup> {
  static constexpr std::string_view kRole = "keys";
  // Imports may have their turn before it.
  static constexpr std::chrono::seconds kTimeout{30};
};

namespace {

using config::v1::BackupContent;
using config::v1::BackupHeader;
using config::v1::BackupVersion;
using std::chrono::system_clock;
using KeyBackup = worker::v1::KeyBackup;

ConfigVersion FromBackup(const BackupVersion& version) {
  return {version.info(), version.config()};
}

void ToBackup(const ConfigVersion& version, BackupVersion* out) {
  *out->mutable_info() = version.info;
  *out->mutable_config() = version.config;
}

BackupHeader MakeHeader(bool encrypted) {
  BackupHeader header;
  header.set_version(ALOHA_VERSION);
  header.set_host(MachineName());
  header.set_time_us(
      std::chrono::duration_cast<std::chrono::microseconds>(system_clock::now().time_since_epoch())
          .count());
  header.set_encrypted(encrypted);
  return header;
}

std::string FileName(const BackupHeader& header) {
  std::string host = header.host();
  std::replace_if(
      host.begin(), host.end(),
      [](unsigned char c) { return c >= 0x80 || (!std::isalnum(c) && c != '.' && c != '-'); }, '-');
  const auto time = system_clock::to_time_t(
      system_clock::time_point(std::chrono::microseconds(header.time_us())));
  return fmt::format("aloha-{}-{:%Y%m%d-%H%M}.backup", host, fmt::gmtime(time));
}

admin::v1::BackupInfo Describe(const BackupHeader& header) {
  admin::v1::BackupInfo info;
  info.set_version(EscapeForLog(header.version()));
  info.set_host(EscapeForLog(header.host()));
  info.set_time_us(header.time_us());
  info.set_encrypted(header.encrypted());
  return info;
}

// With as many of the newest versions as fit.
Result<std::string> PackFitting(BackupContent& content) {
  for (;;) {
    if (content.ByteSizeLong() <= kMaxContentBytes) {
      std::string packed = PackContent(content);
      if (packed.size() <= kMaxPackedBytes) return packed;
    }
    if (content.history().empty())
      return Fail(Code::kResourceExhausted, "the configuration is too large for a backup");
    auto* history = content.mutable_history();
    history->DeleteSubrange(0, (history->size() + 1) / 2);
  }
}

}  // namespace

BackupContent Backups::Gather() const {
  const Configurator& configurator = parts_.configurator;
  BackupContent content;
  ToBackup(configurator.running(), content.mutable_running());
  if (const auto saved = configurator.store().ReadSaved(); saved)
    ToBackup(*saved, content.mutable_saved());
  std::vector<uint64_t> numbers = configurator.store().Numbers();
  std::reverse(numbers.begin(), numbers.end());
  for (const uint64_t number : numbers) {
    if (const auto version = configurator.store().ReadVersion(number))
      ToBackup(*version, content.add_history());
  }
  if (parts_.access.in_use()) *content.mutable_users() = parts_.access.all();
  *content.mutable_certificates() = configurator.certificates();
  auto* stored = content.mutable_certificates()->mutable_certificate();
  stored->erase(std::remove_if(stored->begin(), stored->end(),
                               [](const auto& one) { return !one.file().empty(); }),
                stored->end());
  const Configurator::Shared shared = configurator.shared();
  *content.mutable_servers() = shared.state.servers();
  *content.mutable_services() = configurator.start_modes();
  content.set_language(parts_.machine.Language());
  content.mutable_persistence()->set_secret(shared.secret);
  *content.mutable_ticket_keys() = parts_.ticket_keys.keys();
  return content;
}

asio::awaitable<Result<std::set<std::string>>> Backups::HeldKeys() {
  const auto listed = co_await CallWorker<worker::v1::Keys>(
      parts_.fleet, &worker::v1::Keys::Stub::async::ListKeys, worker::v1::ListKeysRequest());
  if (!listed) co_return tl::make_unexpected(listed.error());
  std::set<std::string> keys;
  for (const auto& report : listed->keys()) keys.insert(report.key());
  co_return keys;
}

// Those of certificates that were imported, as far as they are here.
asio::awaitable<Result<std::vector<std::string>>> Backups::KeysToSeal() {
  auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  std::vector<std::string> keys;
  for (const auto& certificate : parts_.configurator.certificates().certificate()) {
    if (certificate.file().empty() && held->erase(certificate.key()) > 0)
      keys.push_back(certificate.key());
  }
  co_return keys;
}

asio::awaitable<Result<Backups::Made>> Backups::Create(std::string sealed_passphrase,
                                                       bool with_private_keys) {
  const bool encrypted = !sealed_passphrase.empty();
  worker::v1::SealBackupRequest request;
  if (encrypted && with_private_keys) {
    auto keys = co_await KeysToSeal();
    if (!keys) co_return tl::make_unexpected(keys.error());
    for (std::string& key : *keys) request.add_keys(std::move(key));
  }
  const auto num_keys = static_cast<size_t>(request.keys_size());
  BackupContent content = Gather();
  if (!encrypted) DropSecrets(&content);
  auto packed = PackFitting(content);
  if (!packed) co_return tl::make_unexpected(packed.error());
  const BackupHeader header = MakeHeader(encrypted);
  const std::string prefix = BackupPrefix(header);
  Made made;
  made.file_name = FileName(header);
  made.info = Describe(header);
  *made.info.mutable_contents() = DescribeContents(content, num_keys);
  if (!encrypted) {
    made.bytes = WriteBackup(prefix, *packed);
    co_return made;
  }
  request.set_sealed_passphrase(std::move(sealed_passphrase));
  request.set_header(prefix);
  request.set_content(std::move(*packed));
  const auto sealed = co_await CallWorker<KeyBackup>(
      parts_.fleet, &KeyBackup::Stub::async::SealBackup, std::move(request));
  if (!sealed) co_return tl::make_unexpected(sealed.error());
  made.bytes = WriteBackup(prefix, sealed->sealed());
  co_return made;
}

namespace {

worker::v1::OpenBackupRequest ToOpen(const Backups::Source& source, const BackupFile& file) {
  worker::v1::OpenBackupRequest request;
  request.set_sealed_passphrase(source.sealed_passphrase);
  request.set_header(std::string(file.prefix));
  request.set_sealed(std::string(file.content));
  return request;
}

}  // namespace

asio::awaitable<Result<Backups::Opened>> Backups::Open(const Source& source) {
  const auto file = ReadBackup(source.bytes);
  if (!file) co_return tl::make_unexpected(file.error());
  Opened opened;
  opened.header = file->header;
  std::string packed(file->content);
  if (opened.header.encrypted()) {
    if (source.sealed_passphrase.empty()) co_return opened;
    auto request = ToOpen(source, *file);
    auto clear = co_await CallWorker<KeyBackup>(parts_.fleet, &KeyBackup::Stub::async::OpenBackup,
                                                std::move(request));
    if (!clear) co_return tl::make_unexpected(clear.error());
    packed = std::move(*clear->mutable_content());
    opened.keys.insert(clear->keys().begin(), clear->keys().end());
  }
  auto content = UnpackContent(packed);
  if (!content) co_return tl::make_unexpected(content.error());
  if (auto checked = CheckContent(*content); !checked)
    co_return tl::make_unexpected(checked.error());
  opened.content = std::move(*content);
  co_return opened;
}

// Has aloha-keys keep the private keys; answers those that it had not.
asio::awaitable<Result<std::vector<std::string>>> Backups::TakeKeys(const Source& source) {
  const auto file = ReadBackup(source.bytes);
  if (!file) co_return tl::make_unexpected(file.error());
  auto request = ToOpen(source, *file);
  const auto taken = co_await CallWorker<KeyBackup>(
      parts_.fleet, &KeyBackup::Stub::async::TakeBackupKeys, std::move(request));
  if (!taken) co_return tl::make_unexpected(taken.error());
  co_return std::vector<std::string>(taken->fresh().begin(), taken->fresh().end());
}

namespace {

Configurator::Restoration Prepare(const BackupContent& content, std::set<std::string> held) {
  Configurator::Restoration restoration;
  restoration.config = content.running().config();
  if (content.has_saved()) restoration.saved = FromBackup(content.saved());
  for (const BackupVersion& version : content.history())
    restoration.history.push_back(FromBackup(version));
  restoration.certificates = [restored = content.certificates(),
                              held = std::move(held)](const config::v1::StoredCertificates& own) {
    Sentences told;
    return CertificatesAfter(own, restored, held, &told);
  };
  restoration.states = content.servers();
  restoration.secret = content.persistence().secret();
  return restoration;
}

}  // namespace

Sentences Backups::StepsOf(const Opened& opened, const std::set<std::string>& held,
                           const Configurator::Restoration& restoration) const {
  const BackupContent& content = *opened.content;
  const Configurator& configurator = parts_.configurator;
  Sentences steps;
  const bool same =
      PrintText(content.running().config()) == PrintText(configurator.running().config);
  steps.push_back(same ? "configuration: the same as what runs"
                       : fmt::format("configuration: version {} of the backup takes the place of "
                                     "version {}, which runs",
                                     content.running().info().number(),
                                     configurator.running().info.number()));
  for (const PlanStep& step : configurator.PlanRestore(restoration))
    steps.push_back(fmt::format("configuration: {}", step.text));
  steps.push_back(content.has_saved() ? fmt::format("saved configuration: version {} of the backup",
                                                    content.saved().info().number())
                                      : "saved configuration: stays, for the backup has none");
  steps.push_back(
      fmt::format("history: {} versions of the backup are added, but for those that "
                  "are here",
                  content.history_size()));
  if (content.has_users()) {
    (void)UsersAfter(parts_.access.all(), content.users(), opened.header.encrypted(), &steps);
  } else {
    steps.push_back("users: none in the backup; those here stay");
  }
  Sentences certificates;
  (void)CertificatesAfter(configurator.certificates(), content.certificates(), held, &certificates);
  steps.insert(steps.end(), certificates.begin(), certificates.end());
  steps.push_back(opened.header.encrypted()
                      ? fmt::format("private keys: {} in the backup", opened.keys.size())
                      : "private keys: none in a backup without a passphrase");
  if (!opened.header.encrypted())
    steps.push_back("persistence: cookies that clients have from elsewhere are not known here");
  return steps;
}

asio::awaitable<Result<Backups::Plan>> Backups::PreviewRestore(Source source) {
  const auto opened = co_await Open(source);
  if (!opened) co_return tl::make_unexpected(opened.error());
  Plan plan;
  plan.info = Describe(opened->header);
  if (!opened->content) co_return plan;
  *plan.info.mutable_contents() = DescribeContents(*opened->content, opened->keys.size());
  auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  held->insert(opened->keys.begin(), opened->keys.end());
  const Configurator::Restoration restoration = Prepare(*opened->content, *held);
  plan.problems = parts_.configurator.CheckRestore(restoration);
  if (!HasErrors(plan.problems)) plan.steps = StepsOf(*opened, *held, restoration);
  co_return plan;
}

// What can fail without harm to the rest.
void Backups::RestoreRest(const BackupContent& content) {
  const auto tell = [&](const char* what, const Result<>& result) {
    if (!result)
      parts_.events.Add(Event::ERROR, "backup", what,
                        fmt::format("not restored: {}", result.error().message));
  };
  if (!content.services().service().empty()) {
    tell("start modes", parts_.configurator.SaveStartModes(content.services()));
    parts_.services.SetStartModes(content.services());
  }
  if (!content.language().empty()) tell("language", parts_.machine.SetLanguage(content.language()));
  const auto merged = parts_.ticket_keys.Merge(content.ticket_keys(), system_clock::now());
  if (!merged) return tell("session tickets", tl::make_unexpected(merged.error()));
  if (*merged) parts_.publish_ticket_keys();
}

// All of it, or none.
asio::awaitable<Result<Configurator::Applied>> Backups::PutInPlace(
    Configurator::Restoration restoration, std::optional<config::v1::Access> users,
    std::vector<std::string> fresh_keys) {
  std::vector<std::string> old_keys;
  for (const auto& certificate : parts_.configurator.certificates().certificate())
    old_keys.push_back(certificate.key());
  std::optional<config::v1::Access> before;
  const auto begin = [&]() -> Result<> {
    if (!users) return {};
    before = parts_.access.all();
    return parts_.access.Replace(std::move(*users));
  };
  auto applied = co_await parts_.configurator.Restore(std::move(restoration), begin);
  if (!applied) {
    if (before) (void)parts_.access.Replace(std::move(*before));
    co_await parts_.certificates.DropUnneeded(std::move(fresh_keys));
    co_return applied;
  }
  if (before) parts_.access.EndStaleSessions(*before);
  co_await parts_.certificates.DropUnneeded(std::move(old_keys));
  co_return applied;
}

asio::awaitable<Result<Backups::Restored>> Backups::Restore(Source source, Who who,
                                                            std::vector<Problem>* problems) {
  const auto opened = co_await Open(source);
  if (!opened) co_return tl::make_unexpected(opened.error());
  if (!opened->content) {
    co_return Fail(Code::kInvalidArgument, "the backup is encrypted; its passphrase is needed",
                   "sealed_passphrase");
  }
  auto held = co_await HeldKeys();
  if (!held) co_return tl::make_unexpected(held.error());
  held->insert(opened->keys.begin(), opened->keys.end());
  Configurator::Restoration restoration = Prepare(*opened->content, *held);
  *problems = parts_.configurator.CheckRestore(restoration);
  if (HasErrors(*problems)) co_return Fail(Code::kInvalidArgument, "it cannot be restored here");
  Restored restored;
  restored.steps = StepsOf(*opened, *held, restoration);
  restoration.actor = who.actor;
  restoration.method = who.method;
  restoration.note = fmt::format("backup of {}", EscapeForLog(opened->header.host()));
  std::vector<std::string> fresh;
  if (!opened->keys.empty()) {
    auto taken = co_await TakeKeys(source);
    if (!taken) co_return tl::make_unexpected(taken.error());
    fresh = std::move(*taken);
  }
  std::optional<config::v1::Access> users;
  Sentences told;
  if (opened->content->has_users()) {
    users = UsersAfter(parts_.access.all(), opened->content->users(), opened->header.encrypted(),
                       &told);
  }
  auto applied = co_await PutInPlace(std::move(restoration), std::move(users), std::move(fresh));
  if (!applied) co_return tl::make_unexpected(applied.error());
  RestoreRest(*opened->content);
  restored.applied = std::move(*applied);
  restored.applied.event = parts_.events.Add(
      Event::INFO, "backup", EscapeForLog(opened->header.host()),
      fmt::format("restored: version {} runs", restored.applied.version), who.actor, who.method);
  co_return restored;
}

}  // namespace aloha::supervisor
