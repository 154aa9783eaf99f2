#include "supervisor/configurator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "supervisor/config/error_page.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/file.h"
#include "supervisor/config/parse.h"
#include "supervisor/config/plan_network.h"
#include "supervisor/config/print.h"
#include "supervisor/config/references.h"
#include "supervisor/config/secret_file.h"
#include "supervisor/config/start.h"
#include "supervisor/config/state_file.h"
#include "supervisor/config/system_anchors.h"
#include "supervisor/facts.h"

namespace aloha::supervisor {
namespace {

using std::chrono::system_clock;

int64_t Microseconds(system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

// A change of the managed network waits so long for a confirmation that nobody asked for.
constexpr std::chrono::seconds kNetworkConfirm{60};

// Certificates of files that the configuration does not name any more.
void DropUnknownFiles(const config::v1::Config& config,
                      config::v1::StoredCertificates& certificates) {
  auto* stored = certificates.mutable_certificate();
  stored->erase(std::remove_if(stored->begin(), stored->end(),
                               [&](const auto& certificate) {
                                 return !certificate.file().empty() &&
                                        std::none_of(config.certificate_file().begin(),
                                                     config.certificate_file().end(),
                                                     [&](const auto& file) {
                                                       return file.name() == certificate.name();
                                                     });
                               }),
                stored->end());
}

}  // namespace

Configurator::Configurator(asio::io_context& loop, const Options& options, Deployment& deployment,
                           Events& events, Hooks hooks)
    : options_(options),
      deployment_(deployment),
      events_(events),
      hooks_(std::move(hooks)),
      mutex_(loop),
      loop_(loop),
      undo_timer_(loop),
      lease_timer_(loop) {
  input_.cores = std::max(1u, std::thread::hardware_concurrency());
}

Result<> Configurator::Load() {
  Result<ConfigStore> store = ConfigStore::Open(options_.state_dir, options_.run_dir);
  if (!store) return tl::make_unexpected(store.error());
  store_.emplace(std::move(*store));
  LoadState();
  LoadPersistenceSecret();
  Facts known = facts();
  known.may_come = true;
  StartChoice choice =
      ChooseStart(*store_, {options_.config, options_.config_authoritative, known});
  for (const std::string& event : choice.events)
    events_.Add(Event::ERROR, "config", "start", event);
  running_ = std::move(choice.version);
  start_was_trusted_ =
      choice.origin != StartOrigin::kHistory && choice.origin != StartOrigin::kFactory;
  if (auto saved = store_->ReadSaved()) saved_ = std::move(*saved);
  if (running_.info.number() == 0) {
    running_.info.set_time_us(Microseconds(system_clock::now()));
    running_.info.set_user("supervisor");
    if (auto recorded = store_->Record(running_); !recorded) {
      events_.Add(Event::ERROR, "config", "start", recorded.error().message);
    }
  }
  std::vector<std::string> failures;
  LoadLease();
  input_ = InputFor(running_.config, failures);
  ReportPages(failures);
  compiled_ = Compile(running_.config, input_);
  events_.Add(Event::INFO, "config", fmt::format("version {}", running_.info.number()),
              fmt::format("runs ({})", running_.info.source()));
  LoadPending();
  return {};
}

// States beside the configuration. A broken file means the defaults, and an event.
void Configurator::LoadState() {
  const std::pair<std::string, google::protobuf::Message*> files[] = {
      {StatePath("servers.textproto"), &input_.states},
      {StatePath("services.textproto"), &start_modes_},
      {CertificatesPath(options_), &input_.certificates}};
  for (const auto& [file, message] : files) {
    const auto read = ReadState(file, message);
    if (!read && read.error().code != Code::kNotFound) {
      events_.Add(Event::ERROR, "config", file, read.error().message);
    }
  }
}

// The secret outlives everything, or clients lose their servers.
void Configurator::LoadPersistenceSecret() {
  const std::string path = StatePath("persistence.textproto");
  KeptSecret kept = LoadSecret(path);
  for (const std::string& trouble : kept.troubles) {
    events_.Add(Event::ERROR, "config", "persistence", trouble);
  }
  if (kept.fresh) {
    events_.Add(kept.troubles.empty() ? Event::INFO : Event::WARNING, "config", "persistence",
                fmt::format("made a new secret in {}; who has a cookie of an earlier one is "
                            "balanced anew",
                            path));
  }
  input_.secret = std::move(kept.secret);
}

void Configurator::ReportPages(const std::vector<std::string>& failures) {
  for (const std::string& failure : failures) {
    events_.Add(Event::ERROR, "config", "error page", failure + "; the built-in page stands in");
  }
}

CompileInput Configurator::InputFor(const config::v1::Config& config,
                                    std::vector<std::string>& failures) const {
  CompileInput input = input_;
  input.pages = ReadErrorPages(config, failures);
  DropUnknownFiles(config, input.certificates);
  input.networks = ReadConnectedNetworks();
  const std::vector<std::string> interfaces = ManageableInterfaces();
  input.default_interface = interfaces.empty() ? "" : interfaces.front();
  input.system_anchors =
      NeedsSystemAnchors(config) ? ReadSystemAnchors() : std::vector<std::string>();
  return input;
}

bool Configurator::unsaved_changes() const {
  if (options_.config_authoritative) return false;
  return !saved_ || PrintText(saved_->config) != PrintText(running_.config);
}

std::optional<std::chrono::seconds> Configurator::ConfirmWithin() const {
  if (!pending_) return std::nullopt;
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(pending_->deadline - system_clock::now());
  return std::max(left, std::chrono::seconds(1));
}

std::vector<PlanStep> Configurator::PlanFor(const config::v1::Config& config) const {
  std::vector<std::string> failures;  // told by validation
  CompileInput input = InputFor(config, failures);
  // They would be made; any contents stand for them.
  for (const std::string& name : LackingStandIns(config, input.certificates))
    input.certificates.add_certificate()->set_name(name);
  const Compiled next = Compile(config, input);
  std::vector<PlanStep> steps = Plan(compiled_, next);
  if (MayCutOff(compiled_, next)) {
    steps.push_back({PlanKind::kNetwork, "",
                     fmt::format("network: undone after {} s, or as many as --confirm says, unless "
                                 "confirmed: alohactl config confirm",
                                 kNetworkConfirm.count())});
  }
  return steps;
}

// While haproxy is stopped nothing listens and nothing is checked; while stunnel is stopped TLS
// neither ends nor begins; while vrrp is stopped other nodes have the virtual addresses.
Target Configurator::EffectiveTarget(const Compiled& compiled) const {
  Target target{compiled.proxy, compiled.health, compiled.system, compiled.wui,
                compiled.tls,   compiled.keys,   compiled.vrrp,   compiled.gateway};
  hooks_.add_peer(target.gateway);
  *target.tls.mutable_ticket_keys() = hooks_.ticket_keys().key();
  if (!hooks_.serving()) {
    target.proxy.clear_services();
    target.health.Clear();
    target.system.clear_listeners();  // the machine keeps its address
    for (const char* role : {"wui", "gateway"}) {
      for (auto& listener : ListenersOf(role, target))
        *target.system.add_listeners() = std::move(listener);
    }
  }
  if (!hooks_.serving() || !hooks_.serving_tls()) target.StopTls();
  if (!hooks_.sharing() || !unshared_.empty()) target.StopVrrp();
  return target;
}

asio::awaitable<Result<>> Configurator::Deploy(const Compiled& compiled,
                                               std::function<Result<>()> before_commit) {
  const Result<> deployed =
      co_await deployment_.Apply(EffectiveTarget(compiled), std::move(before_commit));
  if (deployed) deployed_ = true;
  co_return deployed;
}

asio::awaitable<Result<>> Configurator::Redeploy() {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  const Result<> made = co_await AddStandIns(running_.config, input_);
  if (!made) events_.Add(Event::ERROR, "certificate", made.error().field, made.error().message);
  input_.networks = ReadConnectedNetworks();
  compiled_ = Compile(running_.config, input_);
  ReportWaiting();
  const Result<> deployed = co_await DeployRunning();
  deployed_ = deployed.has_value();
  hooks_.deployed(deployed);
  ReportSharing();
  hooks_.changed();
  co_return deployed;
}

Result<> Configurator::Acceptable(const Change& change) const {
  if (change.expected_version != 0 && change.expected_version != running_.info.number()) {
    return Fail(Code::kAborted,
                fmt::format("version {} runs by now, applied by {}; look at it and apply again",
                            running_.info.number(), running_.info.user()));
  }
  if (change.confirm_within.count() < 0 || change.confirm_within > std::chrono::hours(1)) {
    return Fail(Code::kInvalidArgument, "1 to 3600 seconds, or 0 for no confirmation",
                "confirm_within_s");
  }
  if (change.save && options_.config_authoritative) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("saving is off: {} is authoritative (--config-authoritative)",
                            options_.config));
  }
  return {};
}

asio::awaitable<Result<Configurator::Applied>> Configurator::Apply(Change change) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (auto acceptable = Acceptable(change); !acceptable)
    co_return tl::make_unexpected(acceptable.error());
  if (pending_) {
    co_return Fail(Code::kFailedPrecondition,
                   fmt::format("version {} waits for confirmation; confirm it or roll back first",
                               running_.info.number()));
  }
  co_return co_await ApplyLocked(std::move(change));
}

// What must be confirmed: what asks for it, and what may cut off who asked.
std::optional<Configurator::Pending> Configurator::PendingOf(const Change& change,
                                                             const Compiled& next) const {
  std::chrono::seconds within = change.confirm_within;
  if (within.count() == 0 && !change.back && MayCutOff(compiled_, next)) within = kNetworkConfirm;
  if (within.count() == 0) return std::nullopt;
  const uint64_t confirmed = pending_ ? pending_->previous : running_.info.number();
  return Pending{confirmed, system_clock::now() + within, change.save};
}

asio::awaitable<Result<Configurator::Applied>> Configurator::ApplyLocked(Change change) {
  std::vector<std::string> failures;
  CompileInput input = InputFor(change.config, failures);
  const Result<> made = co_await AddStandIns(change.config, input);
  if (!made) co_return tl::make_unexpected(made.error());
  Compiled next = Compile(change.config, input);
  Applied applied;
  applied.steps = Plan(compiled_, next);
  ConfigVersion version;
  version.config = std::move(change.config);
  version.info.set_time_us(Microseconds(system_clock::now()));
  version.info.set_user(change.actor);
  version.info.set_note(change.note);
  version.info.set_source(change.origin);
  const std::optional<Pending> pending = PendingOf(change, next);
  // The last thing that can fail; when it does, the workers are told to forget the change.
  const auto record = [&]() -> Result<> {
    if (auto stored = StorePending(pending); !stored) return stored;
    return store_->Record(version);
  };
  std::string unshared = std::exchange(unshared_, {});
  const Result<> deployed = co_await Deploy(next, record);
  if (!deployed) {
    unshared_ = std::move(unshared);
    (void)StorePending(pending_);
    co_return tl::make_unexpected(deployed.error());
  }
  running_ = std::move(version);
  compiled_ = std::move(next);
  input_ = std::move(input);
  hooks_.deployed(deployed);
  ReportWaiting();
  ReportSharing();
  ReportPages(failures);
  pending_ = pending;
  ArmUndo();
  applied.version = running_.info.number();
  if (pending) applied.confirm_within = *ConfirmWithin();
  applied.event = events_.Add(
      Event::INFO, "config", fmt::format("version {}", applied.version),
      fmt::format("applied ({}), {} steps{}", change.origin, applied.steps.size(),
                  pending
                      ? fmt::format("; undone in {} s unless confirmed: alohactl config confirm",
                                    applied.confirm_within.count())
                      : ""),
      change.actor, change.method);
  if (change.save && !pending) {
    if (auto saved = Save(); !saved) co_return tl::make_unexpected(saved.error());
  }
  hooks_.changed();
  co_return applied;
}

asio::awaitable<Result<>> Configurator::Confirm() {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (!pending_) co_return Fail(Code::kFailedPrecondition, "nothing waits for confirmation");
  if (auto stored = StorePending(std::nullopt); !stored) co_return stored;
  const Pending confirmed = *std::exchange(pending_, std::nullopt);
  ArmUndo();
  const Result<> saved = confirmed.save              ? Save()
                         : confirmed.save_other != 0 ? SaveOther(confirmed.save_other)
                                                     : Result<>();
  hooks_.changed();
  co_return saved;
}

Result<> Configurator::Save() {
  if (options_.config_authoritative) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("saving is off: {} is authoritative (--config-authoritative)",
                            options_.config));
  }
  if (pending_) {
    return Fail(Code::kFailedPrecondition,
                "the running configuration waits for confirmation; confirm it first");
  }
  if (auto saved = store_->Save(running_); !saved) return saved;
  saved_ = running_;
  hooks_.changed();
  return {};
}

asio::awaitable<Result<Configurator::Applied>> Configurator::Rollback(uint64_t number,
                                                                      std::string actor,
                                                                      std::string method) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  if (number == 0 && pending_) number = pending_->previous;
  if (number == 0) {
    for (const uint64_t known : store_->Numbers()) {
      if (known < running_.info.number()) number = std::max(number, known);
    }
    if (number == 0) co_return Fail(Code::kNotFound, "there is no version before the running one");
  }
  Result<ConfigVersion> version = store_->ReadVersion(number);
  if (!version) co_return tl::make_unexpected(version.error());
  const std::vector<Problem> problems = Validate(version->config, facts());
  if (HasErrors(problems)) {
    const auto first = std::find_if(problems.begin(), problems.end(), [](const Problem& problem) {
      return problem.severity == Severity::kError;
    });
    co_return Fail(Code::kFailedPrecondition, fmt::format("version {} is not valid any more: {}",
                                                          number, FormatProblem(*first)));
  }
  Change change;
  change.config = std::move(version->config);
  change.back = pending_ && pending_->previous == number;
  change.actor = std::move(actor);
  change.method = std::move(method);
  change.origin = fmt::format("rollback to {}", number);
  co_return co_await ApplyLocked(std::move(change));
}

asio::awaitable<void> Configurator::ReloadFile() {
  const Result<std::string> text = ReadConfigFile(options_.config);
  if (!text) {
    events_.Add(Event::ERROR, "config", options_.config, text.error().message);
    co_return;
  }
  ParsedConfig parsed = CheckConfig(*text, facts());
  for (const Problem& problem : parsed.problems) {
    events_.Add(problem.severity == Severity::kError ? Event::ERROR : Event::WARNING, "config",
                options_.config, FormatProblem(problem));
  }
  if (HasErrors(parsed.problems)) co_return;
  Change change;
  change.config = std::move(parsed.config);
  change.actor = "supervisor";
  change.origin = "file " + options_.config;
  const auto applied = co_await Apply(std::move(change));
  if (!applied) events_.Add(Event::ERROR, "config", options_.config, applied.error().message);
}

Result<> Configurator::SaveStartModes(const config::v1::StartModes& modes) {
  if (auto written = WriteState(StatePath("services.textproto"), modes); !written) return written;
  start_modes_ = modes;
  return {};
}

}  // namespace aloha::supervisor
