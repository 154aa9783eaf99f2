#include "supervisor/certificates/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "supervisor/async.h"
#include "supervisor/call_worker.h"
#include "supervisor/certificates/expiry.h"
#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/references.h"
#include "supervisor/config/utf8.h"
#include "supervisor/configurator.h"
#include "supervisor/facts.h"
#include "supervisor/machine/machine_addresses.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

using config::v1::StoredCertificate;
using config::v1::StoredCertificates;
using config::v1::StoredTrustAnchor;

constexpr uint32_t kStandInDays = 825;
constexpr std::chrono::hours kExpiryInterval{1};

template <typename List>
auto* FindByName(List& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& entry) { return entry.name() == name; });
  return found == list.end() ? nullptr : &*found;
}

// The entry of that name, made if there is none.
template <typename List>
auto* Entry(List* list, const std::string& name) {
  auto* entry = FindByName(*list, name);
  if (entry != nullptr) return entry;
  entry = list->Add();
  entry->set_name(name);
  return entry;
}

template <typename List>
void Erase(List* list, const std::string& name) {
  list->erase(std::remove_if(list->begin(), list->end(),
                             [&](const auto& entry) { return entry.name() == name; }),
              list->end());
}

Result<> CheckName(const std::string& name) {
  const Facts facts;
  Checker checker(facts);
  if (checker.Name("name", name)) return {};
  return Fail(Code::kInvalidArgument, checker.TakeProblems().front().message, "name");
}

v1::CreateSelfSignedRequest StandInRequest(const config::v1::Config& config,
                                           const std::string& name) {
  v1::CreateSelfSignedRequest request;
  request.set_days(kStandInDays);
  if (name == kSelfSigned) {
    const std::string& host = config.http().host_name();
    request.set_common_name(host.empty() ? MachineName() : host);
    // Clients of 2010 know no other.
    request.set_key_type(v1::KEY_TYPE_RSA_2048);
    return request;
  }
  const std::string& host = config.network().hostname();
  request.set_common_name(host.empty() ? MachineName() : host);
  request.set_key_type(v1::KEY_TYPE_ECDSA_P256);
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) request.add_names(own);
  for (std::string& address : MachineAddresses()) request.add_names(std::move(address));
  return request;
}

Result<> InUse(const std::string& name, const std::vector<std::string>& uses) {
  if (uses.empty()) return {};
  return Fail(Code::kFailedPrecondition,
              fmt::format("{} is named by {}; name another there first, and save", Quote(name),
                          uses.front()));
}

}  // namespace

Certificates::Certificates(asio::io_context& loop, Fleet& fleet, Configurator& configurator,
                           Events& events)
    : loop_(loop),
      fleet_(fleet),
      configurator_(configurator),
      events_(events),
      files_(loop, [this](v1::CertificateFileContent content) {
        Spawn(loop_, TakeFile(std::move(content)));
      }) {}

const StoredCertificate* Certificates::Find(const std::string& name) const {
  return FindByName(configurator_.certificates().certificate(), name);
}

const StoredTrustAnchor* Certificates::FindAnchor(const std::string& name) const {
  return FindByName(configurator_.certificates().trust_anchor(), name);
}

std::string Certificates::ProblemOf(const std::string& name) const {
  const auto found = problems_.find(name);
  return found == problems_.end() ? "" : found->second;
}

Result<> Certificates::Importable(const std::string& name) const {
  if (auto checked = CheckName(name); !checked) return checked;
  for (const auto& file : configurator_.running().config.certificate_file()) {
    if (file.name() != name) continue;
    return Fail(Code::kFailedPrecondition,
                fmt::format("{} is read from the file {}; write the new one there, or choose "
                            "another name",
                            name, file.path()),
                "name");
  }
  return {};
}

asio::awaitable<Result<Certificates::Warnings>> Certificates::Import(std::string name,
                                                                     v1::ImportKeyRequest request,
                                                                     std::string ocsp_response) {
  if (auto importable = Importable(name); !importable) {
    co_return tl::make_unexpected(importable.error());
  }
  auto imported =
      co_await CallWorker<v1::Keys>(fleet_, &v1::Keys::Stub::async::ImportKey, std::move(request));
  if (!imported) co_return tl::make_unexpected(imported.error());
  co_return co_await Keep(std::move(name), std::move(*imported), std::move(ocsp_response));
}

asio::awaitable<Result<Certificates::Warnings>> Certificates::CreateSelfSigned(
    std::string name, v1::CreateSelfSignedRequest request) {
  if (auto importable = Importable(name); !importable) {
    co_return tl::make_unexpected(importable.error());
  }
  auto made = co_await CallWorker<v1::Keys>(fleet_, &v1::Keys::Stub::async::CreateSelfSigned,
                                            std::move(request));
  if (!made) co_return tl::make_unexpected(made.error());
  co_return co_await Keep(std::move(name), std::move(*made), {});
}

// Under this name from now on. The private key of what had the name goes.
asio::awaitable<Result<Certificates::Warnings>> Certificates::Keep(std::string name,
                                                                   v1::ImportKeyResponse imported,
                                                                   std::string ocsp_response) {
  std::string replaced;  // its key
  const auto change = [&](StoredCertificates& all) -> Result<> {
    StoredCertificate* entry = Entry(all.mutable_certificate(), name);
    replaced = entry->key();
    entry->set_key(imported.key());
    *entry->mutable_chain() = imported.chain();
    *entry->mutable_details() = imported.details();
    entry->set_ocsp_response(ocsp_response);
    return {};
  };
  const Result<> kept = co_await configurator_.ChangeCertificates(change);
  Spawn(loop_, DropKey(kept ? replaced : imported.key()));
  if (!kept) co_return tl::make_unexpected(kept.error());
  TellExpiry();
  co_return Warnings(imported.warnings().begin(), imported.warnings().end());
}

// Deletes a private key that nothing needs any more, once the handshakes that may are done.
asio::awaitable<void> Certificates::DropKey(std::string key) {
  if (key.empty()) co_return;
  const uint64_t number = ++drops_[key];
  co_await Sleep(OldKeys::kKept);
  if (drops_[key] != number) co_return;  // it came back and was replaced again: that one does it
  drops_.erase(key);
  const Result<> deleted = co_await DeleteKey(std::move(key));
  if (!deleted) {
    events_.Add(Event::WARNING, "certificate", "private key",
                fmt::format("one that no certificate needs any more was not deleted: {}",
                            deleted.error().message));
  }
}

bool Certificates::IsNeeded(const std::string& key) const {
  const auto& all = configurator_.certificates().certificate();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& certificate) { return certificate.key() == key; });
}

asio::awaitable<Result<>> Certificates::DeleteKey(std::string key) {
  if (IsNeeded(key)) co_return Result<>();
  v1::DeleteKeyRequest request;
  request.set_key(std::move(key));
  const auto deleted =
      co_await CallWorker<v1::Keys>(fleet_, &v1::Keys::Stub::async::DeleteKey, std::move(request));
  if (deleted || deleted.error().code == Code::kNotFound) co_return Result<>();
  co_return tl::make_unexpected(deleted.error());
}

asio::awaitable<void> Certificates::DropUnneeded(std::vector<std::string> keys) {
  for (std::string& key : keys) {
    if (!IsNeeded(key)) Spawn(loop_, DropKey(std::move(key)));
  }
  co_return;
}

asio::awaitable<Result<>> Certificates::DeleteUnneeded(std::vector<std::string> keys) {
  Result<> all;
  for (std::string& key : keys) {
    auto deleted = co_await DeleteKey(std::move(key));
    if (!deleted) all = std::move(deleted);
  }
  co_return all;
}

asio::awaitable<Result<>> Certificates::Delete(std::string name) {
  std::string key;
  const auto change = [&](StoredCertificates& all) -> Result<> {
    const StoredCertificate* entry = FindByName(*all.mutable_certificate(), name);
    if (entry == nullptr) {
      return Fail(Code::kNotFound, fmt::format("there is no certificate {}", Quote(name)));
    }
    if (auto unused = InUse(name, configurator_.UsesOfCertificate(name)); !unused) return unused;
    if (!entry->file().empty()) return Importable(name);
    key = entry->key();
    Erase(all.mutable_certificate(), name);
    return {};
  };
  const Result<> deleted = co_await configurator_.ChangeCertificates(change);
  if (deleted) Spawn(loop_, DropKey(std::move(key)));
  co_return deleted;
}

asio::awaitable<Result<>> Certificates::ImportAnchor(std::string name, std::string file) {
  if (auto checked = CheckName(name); !checked) co_return checked;
  v1::ReadCertificatesRequest request;
  request.set_file(std::move(file));
  const auto read = co_await CallWorker<v1::Keys>(fleet_, &v1::Keys::Stub::async::ReadCertificates,
                                                  std::move(request));
  if (!read) co_return tl::make_unexpected(read.error());
  const auto change = [&](StoredCertificates& all) -> Result<> {
    *Entry(all.mutable_trust_anchor(), name)->mutable_certificate() = read->certificates();
    return {};
  };
  co_return co_await configurator_.ChangeCertificates(change);
}

asio::awaitable<Result<>> Certificates::DeleteAnchor(std::string name) {
  const auto change = [&](StoredCertificates& all) -> Result<> {
    if (FindByName(*all.mutable_trust_anchor(), name) == nullptr) {
      return Fail(Code::kNotFound, fmt::format("there is no trust anchor {}", Quote(name)));
    }
    if (auto unused = InUse(name, configurator_.UsesOfTrustAnchor(name)); !unused) return unused;
    Erase(all.mutable_trust_anchor(), name);
    return {};
  };
  co_return co_await configurator_.ChangeCertificates(change);
}

asio::awaitable<Result<StoredCertificate>> Certificates::MakeStandIn(
    const config::v1::Config& config, std::string name) {
  const v1::CreateSelfSignedRequest request = StandInRequest(config, name);
  auto made =
      co_await CallWorker<v1::Keys>(fleet_, &v1::Keys::Stub::async::CreateSelfSigned, request);
  if (!made) {
    co_return Fail(made.error().code,
                   fmt::format("no self-signed certificate can be made: {}", made.error().message));
  }
  StoredCertificate certificate;
  certificate.set_name(name);
  certificate.set_key(made->key());
  *certificate.mutable_chain() = made->chain();
  *certificate.mutable_details() = made->details();
  events_.Add(Event::INFO, "certificate", name,
              fmt::format("made for {}, because none is named", request.common_name()));
  co_return certificate;
}

void Certificates::Follow(const std::shared_ptr<Process>& keys) {
  files_.Follow<v1::Keys>(keys, &v1::Keys::Stub::async::WatchCertificateFiles);
}

asio::awaitable<void> Certificates::TakeFile(v1::CertificateFileContent content) {
  const std::string& name = content.name();
  if (!content.has_content()) {
    if (std::exchange(problems_[name], content.problem()) != content.problem()) {
      events_.Add(Event::ERROR, "certificate", name,
                  fmt::format("its file cannot be used: {}", content.problem()));
    }
    co_return;
  }
  problems_.erase(name);
  const auto& files = configurator_.running().config.certificate_file();
  const auto* file = FindByName(files, name);
  if (file == nullptr) co_return;  // not configured any more
  StoredCertificate next;
  next.set_name(name);
  next.set_file(file->path());
  next.set_key(content.content().key());
  *next.mutable_chain() = content.content().chain();
  *next.mutable_details() = content.content().details();
  const StoredCertificate* known = Find(name);
  if (known != nullptr && known->SerializeAsString() == next.SerializeAsString()) co_return;
  const auto change = [&](StoredCertificates& all) -> Result<> {
    *Entry(all.mutable_certificate(), name) = next;
    return {};
  };
  const Result<> changed = co_await configurator_.ChangeCertificates(change);
  events_.Add(changed ? Event::INFO : Event::ERROR, "certificate", name,
              changed ? fmt::format("read from {}", next.file())
                      : fmt::format("cannot be used: {}", changed.error().message));
  TellExpiry();
}

asio::awaitable<void> Certificates::WatchExpiry() {
  for (;;) {
    TellExpiry();
    co_await Sleep(kExpiryInterval);
  }
}

void Certificates::TellExpiry() {
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  for (const StoredCertificate& certificate : configurator_.certificates().certificate()) {
    const auto notice = NoticeOfExpiry(certificate, now);
    if (!notice || configurator_.UsesOfCertificate(certificate.name()).empty()) continue;
    const bool told =
        std::any_of(events_.all().begin(), events_.all().end(), [&](const Event& event) {
          return event.object() == certificate.name() && event.text() == notice->text;
        });
    if (!told) events_.Add(notice->severity, "certificate", certificate.name(), notice->text);
  }
}

}  // namespace aloha::supervisor
