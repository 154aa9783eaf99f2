#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "supervisor/licenses/watch.h"
#include "supervisor/vrrp/news.h"

namespace aloha::supervisor {
namespace {

constexpr std::chrono::seconds kRetry{5};
// How late it is noticed at most that the clock was set.
constexpr std::chrono::minutes kRotationLookup{5};

LogOptions MakeLogOptions(const Options& options) {
  return {.program = "aloha-supervisor",
          .level = ParseLogLevel(options.log_level).value_or(LogLevel::kInfo),
          .json = options.log_format == "json"};
}

Fleet::Options MakeFleetOptions(const Options& options) {
  std::vector<std::string> keys = {"--key-dir", KeyFolder(options)};
  if (!options.secrets_dir.empty()) {
    keys.insert(keys.end(), {"--secrets-dir", options.secrets_dir});
  }
  return {
      .run_dir = options.run_dir,
      .binary_dir = options.binary_dir,
      .worker_arguments = {"--log-level", options.log_level, "--log-format", options.log_format},
      .role_arguments = {{"keys", std::move(keys)}}};
}

std::string SocketPath(const Options& options) { return options.run_dir + "/supervisor.sock"; }

}  // namespace

Supervisor::Supervisor(const Options& options, Privilege privilege)
    : options_(options),
      log_(MakeLogOptions(options)),
      signals_(loop_, SIGTERM, SIGINT, SIGHUP),
      events_(log_, options.state_dir + "/events.jsonl"),
      socket_(loop_, log_, privilege.trial),
      fleet_(loop_, MakeFleetOptions(options), events_),
      deployment_(loop_, fleet_, events_),
      checks_(loop_, events_),
      ticket_keys_(options.run_dir + "/ticket-keys.textproto"),
      machine_(loop_, options, events_),
      licenses_(options.state_dir + "/licenses", options.license_keys,
                {hardware_.uuid, hardware_.ethid}),
      firmware_(loop_, events_, options.state_dir + "/firmware", hardware_.firmware_revision),
      configurator_(loop_, options, deployment_, events_,
                    {.serving = [this] { return services_.serving(); },
                     .serving_tls = [this] { return services_.serving_tls(); },
                     .sharing = [this] { return services_.sharing(); },
                     .deployed = [this](const Result<>& deployed) { OnDeployed(deployed); },
                     .stand_in =
                         [this](const config::v1::Config& config, std::string name) {
                           return certificates_.MakeStandIn(config, std::move(name));
                         },
                     .ticket_keys = [this]() -> const auto& { return ticket_keys_.keys(); },
                     .add_peer = [this](auto& gateway) { peers_.AddTo(gateway); },
                     .machine_changed = [this] { SetMachine(); },
                     .changed = [this] { sync_.OnConfiguration(); }}),
      certificates_(loop_, fleet_, configurator_, events_),
      services_(loop_, fleet_, options.run_dir,
                {.redeploy = [this] { return configurator_.Redeploy(); },
                 .save =
                     [this](const config::v1::StartModes& modes) {
                       return configurator_.SaveStartModes(modes);
                     },
                 .compiled = [this]() -> const auto& { return configurator_.compiled(); },
                 .sharing_fault = [this] { return configurator_.sharing_fault(); },
                 .vrrp_trouble = [this] { return TroubleOf(vrrp_.state()); },
                 .changed = [this] { tracking_.Look(); }}),
      vrrp_(loop_, events_),
      tracking_(loop_, fleet_, events_, options.run_dir,
                [this] { return services_.serving_state(); }),
      peers_(loop_, fleet_, deployment_, events_, options.state_dir + "/paired-node.textproto",
             [this]() -> const auto& { return configurator_.running().config; }),
      sync_({loop_, fleet_, configurator_, certificates_, ticket_keys_, peers_.link(), events_,
             [this] { Spawn(loop_, PublishTicketKeys()); }},
            options.state_dir + "/sync.textproto"),
      stick_sync_({loop_, peers_.link(),
                   [this]() -> const auto& { return configurator_.compiled().proxy; },
                   [this](const std::string& table) { return deployment_.StickMemoryOf(table); }}),
      access_(loop_, events_,
              {options.state_dir + "/users.textproto", options.run_dir + "/sign-ins.textproto"},
              [this]() -> const auto& { return configurator_.running().config; }),
      backups_({fleet_, configurator_, certificates_, ticket_keys_, services_, machine_, access_,
                events_, [this] { Spawn(loop_, PublishTicketKeys()); }}) {
  fleet_.SetEquip(
      [this](std::shared_ptr<Process> process) { return deployment_.Equip(std::move(process)); });
  deployment_.OnEquipped([this](std::shared_ptr<Process> process) { OnEquipped(process); });
  deployment_.OnCaller([this](const Role& caller, const Peer& peer, UniqueFd socket) {
    if (peer.role == kManagementPeer) return socket_.AdmitGateway(std::move(socket));
    if (caller.name == "gateway") return peers_.Attach(std::move(socket));
    socket_.AdmitWorker(caller.binary, std::move(socket));
  });
  if (privilege.keeper) {
    keeper_.emplace(std::move(privilege.keeper));
    fleet_.SetLauncher("system",
                       [this](const Role& role, const std::string& binary,
                              const std::vector<std::string>& arguments, Inheritance inheritance) {
                         return keeper_->Launch(role, binary, arguments, std::move(inheritance));
                       });
  }
}

Supervisor::~Supervisor() = default;

int Supervisor::Run() {
  if (auto listening = socket_.Listen(SocketPath(options_)); !listening) {
    log_.Error(listening.error().message);
    return 1;
  }
  if (auto loaded = configurator_.Load(); !loaded) {
    log_.Error(loaded.error().message);
    return 1;
  }
  if (auto loaded = ticket_keys_.Load(); !loaded) {
    events_.Add(Event::ERROR, "certificate", "session tickets", loaded.error().message);
  }
  access_.Load();
  LoadLicenses(licenses_, events_);
  firmware_.Load();
  RotateTicketKeys();
  BeginSync();
  AwaitSignals();
  Spawn(loop_, KeepTicketKeysFresh());
  Spawn(loop_, peers_.Run());
  Spawn(loop_, Start());
  loop_.run();
  log_.Flush();
  return exit_code_;
}

asio::awaitable<void> Supervisor::Start() {
  co_await StartWorkers();
  starting_ = false;
  if (stopping_) co_return;
  api_ = std::make_unique<AdminApi>(AdminContext{loop_,         log_,
                                                 events_,       socket_,
                                                 fleet_,        services_,
                                                 checks_,       configurator_,
                                                 certificates_, vrrp_,
                                                 tracking_,     peers_,
                                                 sync_,         stick_sync_,
                                                 machine_,      hardware_,
                                                 licenses_,     firmware_,
                                                 access_,       backups_,
                                                 refusals_,     DescribePrivilege()});
  socket_.Serve(api_->server());
  sd_notify(0, "READY=1");
  log_.Info(fmt::format("ready; management socket {}", SocketPath(options_)));
  Spawn(loop_, certificates_.WatchExpiry());
  Spawn(loop_, WatchLicenses(licenses_, events_));
  Spawn(loop_, tracking_.Run());
  Spawn(loop_, access_.Run());
  Spawn(loop_, KeepSharing());
  co_await ReplaceOutdated();
}

void Supervisor::OnEquipped(const std::shared_ptr<Process>& process) {
  if (process->role->name == "health") checks_.Follow(process);
  if (process->role->name == "keys") certificates_.Follow(process);
  if (process->role->name == "keys" || process->role->name == "gateway") peers_.Follow(process);
  if (process->role->name == "gateway") remote_watch_.Follow(process);
  if (process->role->name == "vrrp") {
    vrrp_.Follow(process);
    tracking_.Greet(process);
  }
}

asio::awaitable<void> Supervisor::StartWorkers() {
  services_.SetStartModes(configurator_.start_modes());
  services_.Recall();
  tracking_.Recall();
  const int adopted = co_await fleet_.AdoptAll();
  if (adopted > 0) {
    events_.Add(Event::INFO, "worker", "all",
                fmt::format("{} workers of an earlier supervisor adopted", adopted));
  }
  // An adopted one has set it, and others would take it for all there is to run.
  const bool fresh = !fleet_.HasAdopted("system");
  (void)co_await fleet_.Start(*FindRole("system"));
  if (adopted == 0) co_await SetNetwork();
  (void)co_await fleet_.Start(*FindRole("keys"));
  for (const char* role : {"wui", "gateway", "tls", "vrrp"}) {
    if (fleet_.HasAdopted(role)) (void)co_await fleet_.Start(*FindRole(role));
  }
  if (!services_.serving()) {
    // Adopted ones of a service that was stopped: their drain goes on.
    Spawn(loop_, FinishStop());
    co_return;
  }
  // Adopted ones go on serving while the rest is decided.
  for (const char* role : {"health", "proxy"}) {
    if (fleet_.HasAdopted(role)) (void)co_await fleet_.Start(*FindRole(role));
  }
  const auto deployed = co_await configurator_.Redeploy();
  if (!deployed) {
    events_.Add(Event::ERROR, "config", "running",
                fmt::format("cannot be served: {}", deployed.error().message));
    if (fresh && adopted > 0) co_await SetNetwork();
    Spawn(loop_, KeepTrying());
    co_return;
  }
  (void)co_await fleet_.Start(*FindRole("health"));
  (void)co_await fleet_.Start(*FindRole("proxy"));
}

// Before anything else, so that the machine can be reached whatever becomes of the rest.
asio::awaitable<void> Supervisor::SetNetwork() {
  const Result<> set = co_await configurator_.DeployNetwork();
  if (!set) events_.Add(Event::ERROR, "network", "start", set.error().message);
}

asio::awaitable<void> Supervisor::FinishStop() {
  co_await services_.StopTraffic(Services::kDrain);
  const auto deployed = co_await configurator_.Redeploy();  // what is not traffic
  if (!deployed) events_.Add(Event::ERROR, "config", "running", deployed.error().message);
}

// What kept the configuration from being served at the start may pass: a port that is taken, a
// worker that is not up.
asio::awaitable<void> Supervisor::KeepTrying() {
  for (;;) {
    co_await Sleep(kRetry);
    if (stopping_ || !services_.serving()) co_return;
    // Unless a change of the configuration has mended it meanwhile.
    if (!services_.fault().empty()) {
      const Result<> deployed = co_await configurator_.Redeploy();
      if (!deployed) continue;
    }
    events_.Add(Event::INFO, "config", "running", "is served now");
    (void)co_await fleet_.Start(*FindRole("health"));
    (void)co_await fleet_.Start(*FindRole("proxy"));
    co_return;
  }
}

// What keeps virtual addresses from being shared may pass as well: an interface that comes late.
asio::awaitable<void> Supervisor::KeepSharing() {
  while (!stopping_) {
    co_await Sleep(kRetry);
    co_await configurator_.RetrySharing();
  }
}

// Not on its own thread of control: a configuration does not wait for systemd.
void Supervisor::SetMachine() {
  const Compiled& compiled = configurator_.compiled();
  machine_.Set(compiled.machine, InterfaceOf(compiled.system.network()));
}

// Optional workers run while the configuration asks for them.
void Supervisor::OnDeployed(const Result<>& deployed) {
  services_.SetFault(deployed ? "" : deployed.error().message);
  tracking_.Look();
  SetMachine();
  alerts_.Use(configurator_.compiled().health.has_mail());
  syslog_.Use(configurator_.compiled().health.has_syslog());
  if (!deployed) return;  // the workers go on with what they have
  for (const Role& role : Roles()) {
    if (role.optional && fitting_.insert(role.name).second) Spawn(loop_, Fit(role));
  }
}

asio::awaitable<void> Supervisor::Fit(const Role& role) {
  const Slot& slot = fleet_.slots().find(role.name)->second;
  while (!stopping_ && slot.wanted != deployment_.target().Needs(role.name)) {
    if (slot.wanted) {
      co_await fleet_.Stop(role, Services::DrainOf(role.name));
    } else {
      (void)co_await fleet_.Start(role);
    }
  }
  fitting_.erase(role.name);
}

void Supervisor::RotateTicketKeys() {
  if (auto rotated = ticket_keys_.Rotate(std::chrono::system_clock::now()); !rotated) {
    events_.Add(Event::ERROR, "certificate", "session tickets", rotated.error().message);
  }
}

asio::awaitable<void> Supervisor::KeepTicketKeysFresh() {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        ticket_keys_.due() - std::chrono::system_clock::now());
    co_await Sleep(std::clamp<std::chrono::milliseconds>(left, kRetry, kRotationLookup));
    const auto before = ticket_keys_.due();
    RotateTicketKeys();
    if (ticket_keys_.due() == before) continue;
    co_await PublishTicketKeys();
    sync_.OnTicketKeys();
  }
}

asio::awaitable<void> Supervisor::PublishTicketKeys() {
  const auto change = [this](Target& target) {
    *target.tls.mutable_ticket_keys() = ticket_keys_.keys().key();
  };
  const Result<> reached = co_await deployment_.ApplyTo("tls", change);
  if (!reached) {
    events_.Add(Event::ERROR, "certificate", "session tickets", reached.error().message);
  }
}

// What the paired node asks for, and what it should have.
void Supervisor::BeginSync() {
  PeerHandlers handlers;
  handlers.push_state = [this](peer::v1::PushStateRequest request) {
    return sync_.Serve(std::move(request));
  };
  handlers.push_stick_entries = [this](peer::v1::PushStickEntriesRequest request)
      -> asio::awaitable<Result<peer::v1::PushStickEntriesResponse>> {
    co_return stick_sync_.Serve(request);
  };
  peers_.link().Serve(std::move(handlers));
  sync_.Start();
  stick_sync_.Start();
}

// An upgrade: adopted workers whose binary is another one now make room, without a connection lost.
asio::awaitable<void> Supervisor::ReplaceOutdated() {
  for (const Role& role : Roles()) {
    const std::shared_ptr<Process> process = fleet_.Find(role.name);
    if (!process || !process->adopted || !fleet_.IsOutdated(*process)) continue;
    events_.Add(Event::INFO, "worker", role.name,
                "its program was replaced on disk; a fresh process takes over");
    const bool sessions = role.name == "proxy";
    (void)co_await fleet_.Replace(
        role, sessions ? Services::kUpgradeDrain : Services::DrainOf(role.name));
  }
}

std::string Supervisor::DescribePrivilege() const {
  if (keeper_) return "keeper";
  const std::shared_ptr<Process> system = fleet_.Find("system");
  return system && system->info.limitations().empty() ? "file capabilities" : "none";
}

void Supervisor::AwaitSignals() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    OnSignal(signal);
    AwaitSignals();
  });
}

void Supervisor::OnSignal(int signal) {
  if (signal == SIGHUP) {
    Spawn(loop_, configurator_.ReloadFile());
    LoadLicenses(licenses_, events_);
  } else if (!stopping_) {
    stopping_ = true;
    fleet_.Close();
    Spawn(loop_, Stop());
  } else {
    log_.Warning("told twice to stop: ending now");
    Spawn(loop_, StopNow());
  }
}

asio::awaitable<void> Supervisor::StopNow() {
  co_await fleet_.KillAll();
  exit_code_ = 1;
  loop_.stop();
}

asio::awaitable<void> Supervisor::Stop() {
  sd_notify(0, "STOPPING=1");
  events_.Add(Event::INFO, "service", "system",
              fmt::format("stopping; sessions drain for {} s", Services::kDrain.count()));
  while (starting_) co_await Sleep(std::chrono::milliseconds(10));  // all are known then
  // First, so that clients find another node while sessions end here.
  if (deployment_.target().Needs("vrrp")) (void)co_await services_.StopSharing();
  co_await fleet_.Stop(*FindRole("vrrp"), Services::kGoodbye);
  co_await services_.StopTraffic(Services::kDrain);
  co_await fleet_.Stop(*FindRole("tls"), Services::kHandshakeDrain);
  for (const char* role : {"gateway", "keys", "wui", "system"}) {
    co_await fleet_.Stop(*FindRole(role), std::chrono::milliseconds(0));
  }
  co_await fleet_.AwaitRetired();
  services_.ForgetStops();
  socket_.Close(SocketPath(options_));
  fleet_.RemovePaths();
  log_.Info("stopped");
  loop_.stop();
}

}  // namespace aloha::supervisor
