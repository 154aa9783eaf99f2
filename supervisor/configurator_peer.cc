// The part of the configurator that takes over what the other node has.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "supervisor/config/exchange.h"
#include "supervisor/config/persistence_secret.h"
#include "supervisor/config/print.h"
#include "supervisor/config/references.h"
#include "supervisor/config/secret_file.h"
#include "supervisor/config/state_file.h"
#include "supervisor/configurator.h"
#include "supervisor/facts.h"
#include "supervisor/peers/shared_state.h"

namespace aloha::supervisor {
namespace {

using config::v1::StoredCertificates;

// The first error, and how many there are.
Result<> FirstError(const std::vector<Problem>& problems) {
  if (!HasErrors(problems)) return {};
  const auto is_error = [](const Problem& one) { return one.severity == Severity::kError; };
  const auto first = std::find_if(problems.begin(), problems.end(), is_error);
  const auto count = std::count_if(problems.begin(), problems.end(), is_error);
  return Fail(Code::kInvalidArgument,
              fmt::format("{}{}", FormatProblem(*first),
                          count > 1 ? fmt::format(" (and {} more)", count - 1) : ""));
}

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Both; of one name, what is newer.
StoredCertificates Union(const StoredCertificates& old, const StoredCertificates& newer) {
  StoredCertificates all = newer;
  const auto add = [](const auto& from, auto* to) {
    for (const auto& one : from) {
      const bool there = std::any_of(to->begin(), to->end(),
                                     [&](const auto& other) { return other.name() == one.name(); });
      if (!there) *to->Add() = one;
    }
  };
  add(old.certificate(), all.mutable_certificate());
  add(old.trust_anchor(), all.mutable_trust_anchor());
  return all;
}

}  // namespace

Configurator::Shared Configurator::shared() const {
  Shared shared;
  *shared.state.mutable_config() = SharedConfig(running_.config);
  *shared.state.mutable_certificates() = SharedCertificates(input_.certificates);
  *shared.state.mutable_servers() = input_.states;
  shared.secret = input_.secret;
  return shared;
}

// Certificates that what runs now may need stay until it does not run any more: a crash in between
// leaves a configuration that can be served.
Result<> Configurator::KeepShared(const CompileInput& input,
                                  const StoredCertificates& certificates) {
  if (auto kept = WriteState(CertificatesPath(options_), certificates); !kept) return kept;
  if (auto kept = WriteState(StatePath("servers.textproto"), input.states); !kept) return kept;
  return KeepSecret(StatePath("persistence.textproto"), input.secret);
}

Result<> Configurator::MayTakeOver(const Shared& shared, const config::v1::Config& config,
                                   const StoredCertificates& certificates) const {
  if (pending_) {
    return Fail(Code::kFailedPrecondition,
                "a change there waits for confirmation; confirm it first");
  }
  if (options_.config_authoritative && PrintText(config) != PrintText(running_.config)) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("{} is authoritative there (--config-authoritative), and says something "
                    "else; change it there",
                    options_.config));
  }
  if (shared.secret.size() != kSecretBytes) {
    return Fail(Code::kInvalidArgument, "the secret of persistence has not its size");
  }
  // As the file that is kept will be read.
  return FirstError(CheckConfig(PrintText(config), GatherFacts(options_, certificates)).problems);
}

// Certificates, states and secret are kept before the configuration, which is the last that can
// fail.
asio::awaitable<Result<Configurator::Applied>> Configurator::AdoptLocked(
    Whole whole, std::function<Result<>()> begin) {
  CompileInput& input = whole.input;
  Change& change = whole.change;
  for (const std::string& name : LackingStandIns(change.config, input.certificates)) {
    auto made = co_await hooks_.stand_in(change.config, name);
    if (!made) co_return tl::make_unexpected(made.error());
    *input.certificates.add_certificate() = std::move(*made);
  }
  Compiled next = Compile(change.config, input);
  Applied applied;
  applied.steps = Plan(compiled_, next);
  std::optional<Pending> pending;
  ConfigVersion version = running_;
  const bool another = PrintText(change.config) != PrintText(running_.config);
  if (another) {
    version.config = std::move(change.config);
    version.info.Clear();
    version.info.set_time_us(NowUs());
    version.info.set_user(change.actor);
    version.info.set_note(change.note);
    version.info.set_source(change.origin);
  }
  const auto record = [&]() -> Result<> {
    if (auto begun = begin(); !begun) return begun;
    pending = PendingOf(change, next);
    auto kept = KeepShared(input, Union(input_.certificates, input.certificates));
    if (kept) kept = StorePending(pending);
    if (kept && another) kept = store_->Record(version);
    if (!kept) {
      (void)KeepShared(input_, input_.certificates);
      (void)StorePending(pending_);
    }
    return kept;
  };
  std::string unshared = std::exchange(unshared_, {});
  const Result<> deployed = co_await Deploy(next, record);
  if (!deployed) {
    unshared_ = std::move(unshared);
    co_return tl::make_unexpected(deployed.error());
  }
  running_ = std::move(version);
  compiled_ = std::move(next);
  input_ = std::move(input);
  if (auto kept = WriteState(CertificatesPath(options_), input_.certificates); !kept) {
    events_.Add(Event::ERROR, "certificate", "certificates", kept.error().message);
  }
  hooks_.deployed(deployed);
  ReportWaiting();
  ReportSharing();
  ReportPages(whole.failures);
  pending_ = pending;
  ArmUndo();
  applied.version = running_.info.number();
  if (pending) applied.confirm_within = *ConfirmWithin();
  applied.event = events_.Add(Event::INFO, "config", fmt::format("version {}", applied.version),
                              fmt::format("{}, {} steps{}", whole.text, applied.steps.size(),
                                          another ? "" : "; the configuration is the same"),
                              change.actor, change.method);
  co_return applied;
}

asio::awaitable<Result<Configurator::Applied>> Configurator::TakeOver(
    Shared shared, std::string actor, std::function<Result<>()> begin) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  Whole whole;
  whole.change.config = MergeConfig(running_.config, shared.state.config());
  whole.change.actor = std::move(actor);
  whole.change.method = "Peer/PushState";
  whole.change.origin = "synchronised";
  whole.change.back = true;  // its own network stays
  whole.text = "taken over from the other node";
  whole.input = InputFor(whole.change.config, whole.failures);
  whole.input.certificates =
      MergeCertificates(whole.input.certificates, shared.state.certificates());
  whole.input.states = shared.state.servers();
  whole.input.secret = shared.secret;
  if (auto may = MayTakeOver(shared, whole.change.config, whole.input.certificates); !may) {
    co_return tl::make_unexpected(may.error());
  }
  auto applied = co_await AdoptLocked(std::move(whole), std::move(begin));
  if (applied && unsaved_changes()) {
    if (auto saved = Save(); !saved) {
      events_.Add(Event::ERROR, "sync", "saved configuration", saved.error().message);
    }
  }
  co_return applied;
}

}  // namespace aloha::supervisor
