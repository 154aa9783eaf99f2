#include "supervisor/services.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "supervisor/async.h"
#include "supervisor/config/file.h"

namespace aloha::supervisor {
namespace {

using admin::v1::Service;

constexpr std::array<std::string_view, 4> kNames = {"system", "vrrp", "haproxy", "stunnel"};

}  // namespace

std::chrono::milliseconds Services::DrainOf(std::string_view role) {
  if (role == "proxy") return kDrain;
  if (role == "vrrp") return kGoodbye;
  return role == "tls" || role == "keys" ? kHandshakeDrain : std::chrono::seconds(0);
}

void Services::SetStartModes(const config::v1::StartModes& modes) {
  for (const config::v1::StartMode& mode : modes.service())
    automatic_[mode.service()] = mode.auto_();
}

bool Services::StartsByItself(std::string_view service) const {
  const auto found = automatic_.find(service);
  return found == automatic_.end() || found->second;
}

Services::Stoppable* Services::FindStoppable(std::string_view name) {
  for (Stoppable* service : {&haproxy_, &stunnel_, &vrrp_}) {
    if (name == service->name) return service;
  }
  return nullptr;
}

const Services::Stoppable* Services::FindStoppable(std::string_view name) const {
  return const_cast<Services*>(this)->FindStoppable(name);
}

std::string Services::StopFile(const Stoppable& service) const {
  return fmt::format("{}/{}.stopped", run_dir_, service.name);
}

void Services::Recall() {
  constexpr size_t kLongestActor = 1'000;
  for (Stoppable* service : {&haproxy_, &stunnel_, &vrrp_}) {
    const Result<std::string> stopped = ReadTextFile(StopFile(*service), kLongestActor);
    if (stopped) service->stopped_by = EscapeForLog(*stopped);
    service->wanted = !stopped && StartsByItself(service->name);
  }
}

void Services::ForgetStops() const {
  for (const Stoppable* service : {&haproxy_, &stunnel_, &vrrp_}) {
    unlink(StopFile(*service).c_str());
  }
}

// Empty: it is in use.
std::string Services::WhyUnused(std::string_view name) const {
  const Compiled& compiled = hooks_.compiled();
  if (name == "vrrp") {
    const bool shares = compiled.vrrp.routers_size() > 0 || !compiled.no_interface.empty();
    return shares ? "" : "this node shares no virtual address: high_availability.role is DISABLED";
  }
  if (name != "stunnel") return {};
  const bool in_use = compiled.tls.listeners_size() + compiled.tls.servers_size() > 0;
  if (in_use || !compiled.waiting.empty()) return {};
  return "TLS neither ends nor begins here in the running configuration";
}

Result<> Services::Usable(const std::string& name) const {
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    return Fail(
        Code::kNotFound,
        fmt::format("there is no service \"{}\"; services are system, vrrp, haproxy, stunnel",
                    EscapeForLog(name)));
  }
  if (const std::string unused = WhyUnused(name); !unused.empty()) {
    return Fail(Code::kFailedPrecondition, fmt::format("{} is not in use: {}", name, unused));
  }
  return {};
}

// Adds the workers. What is wrong with one becomes the reason; what limits one, when there is none.
void Services::DescribeWorkers(Service& service, std::string& reason) const {
  for (const auto& [worker, slot] : fleet_.slots()) {
    if (slot.role->service != service.name() || !slot.InUse()) continue;
    service.add_workers(worker);
    if (slot.process) {
      for (const std::string& limitation : slot.process->info.limitations()) {
        if (reason.empty()) reason = limitation;
      }
      continue;
    }
    service.set_state(Service::NOK);
    if (!slot.problem.empty()) {
      reason = fmt::format("{}: {}", slot.role->binary, slot.problem);
    } else if (slot.state == Slot::State::kCrashLoop) {
      reason = fmt::format("{} ends again and again: {}{}", slot.role->binary, slot.last_exit,
                           slot.last_log.empty() ? "" : "; " + slot.last_log.back());
    }
  }
}

Service Services::Describe(std::string_view name) const {
  Service service;
  service.set_name(std::string(name));
  service.set_start_mode(StartsByItself(name) ? Service::AUTO : Service::MANUAL);
  if (const std::string unused = WhyUnused(name); !unused.empty()) {
    service.set_state(Service::NOT_IN_USE);
    service.set_reason(unused);
    return service;
  }
  service.set_state(Service::OK);
  std::string reason;
  if (name == "haproxy") reason = fault_;
  if (name == "stunnel" && !hooks_.compiled().waiting.empty()) {
    reason = hooks_.compiled().waiting.front();
  }
  if (name == "vrrp") reason = hooks_.sharing_fault();
  if (name == "vrrp" && reason.empty()) reason = hooks_.vrrp_trouble();
  if (!reason.empty()) service.set_state(Service::NOK);
  DescribeWorkers(service, reason);
  const Stoppable* stoppable = FindStoppable(name);
  if (stoppable != nullptr && !stoppable->wanted) {
    service.set_state(Service::NOK);
    reason = stoppable->stopped_by.empty() ? "not started: start-up is manual"
                                           : "stopped by " + stoppable->stopped_by;
  }
  service.set_reason(reason);
  return service;
}

std::vector<Service> Services::List() const {
  std::vector<Service> services;
  for (const std::string_view name : kNames) services.push_back(Describe(name));
  return services;
}

Services::Serving Services::serving_state() const {
  using State = Serving::State;
  const Service service = Describe("haproxy");
  if (service.state() == Service::OK) return {};
  if (!haproxy_.wanted) return {State::kStopped, service.reason()};
  const bool failed =
      !fault_.empty() || std::any_of(fleet_.slots().begin(), fleet_.slots().end(), [](auto& entry) {
        const Slot& slot = entry.second;
        return slot.role->service == "haproxy" && slot.state == Slot::State::kCrashLoop;
      });
  return {failed ? State::kFailed : State::kPassing,
          service.reason().empty() ? "a process is being started" : service.reason()};
}

asio::awaitable<Result<>> Services::StartProcesses(const Stoppable& service) {
  std::vector<const char*> roles = {"health", "proxy"};
  if (&service == &stunnel_) roles = {"keys"};
  if (&service == &stunnel_ && serving()) roles.push_back("tls");
  if (&service == &vrrp_) roles = {"vrrp"};
  for (const char* role : roles) {
    const auto started = co_await fleet_.Start(*FindRole(role));
    if (!started) co_return started;
  }
  co_return Result<>();
}

asio::awaitable<Result<>> Services::StartStoppable(Stoppable& service) {
  service.wanted = true;
  service.stopped_by.clear();
  unlink(StopFile(service).c_str());
  hooks_.changed();
  const auto deployed = co_await hooks_.redeploy();
  if (!deployed) co_return deployed;
  if (const std::string fault = hooks_.sharing_fault(); &service == &vrrp_ && !fault.empty()) {
    co_return Fail(Code::kFailedPrecondition, fault);
  }
  co_return co_await StartProcesses(service);
}

// What aloha-system and aloha-vrrp do with a target without virtual addresses.
asio::awaitable<Result<>> Services::StopSharing() {
  vrrp_.wanted = false;
  co_return co_await hooks_.redeploy();
}

asio::awaitable<void> Services::StopTraffic(std::chrono::milliseconds drain) {
  haproxy_.wanted = false;
  (void)co_await hooks_.redeploy();  // closes the listeners; taking away cannot be refused
  co_await fleet_.Stop(*FindRole("proxy"), drain);
  co_await fleet_.Stop(*FindRole("health"), std::chrono::milliseconds(0));
}

asio::awaitable<Result<>> Services::Start(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  Stoppable* service = FindStoppable(name);
  if (service == nullptr) co_return co_await fleet_.Start(*FindRole("system"));
  co_return co_await StartStoppable(*service);
}

asio::awaitable<Result<>> Services::Stop(std::string name, bool now, std::string actor) {
  if (auto usable = Usable(name); !usable) co_return usable;
  Stoppable* service = FindStoppable(name);
  if (service == nullptr) {
    co_return Fail(
        Code::kFailedPrecondition,
        "system is what manages all others and cannot be stopped; stop haproxy to stop serving");
  }
  if (auto noted = WriteFileAtomically(StopFile(*service), actor); !noted) co_return noted;
  service->stopped_by = std::move(actor);
  // Sessions drain behind the answer; listeners are closed before it.
  service->wanted = false;
  hooks_.changed();
  const auto deployed = co_await hooks_.redeploy();
  // Sessions that aloha-tls handed over live on, and what aloha-vrrp had was given up: all that is
  // left of these two are their processes, which the deployment ends.
  if (!deployed || service != &haproxy_) co_return deployed;
  if (now) {
    co_await StopTraffic(std::chrono::milliseconds(0));
  } else {
    Spawn(loop_, StopTraffic(kDrain));
  }
  co_return Result<>();
}

// Fresh processes do the next handshakes and sign for them; those in progress end where they are.
asio::awaitable<Result<>> Services::RestartTls() {
  if (fleet_.Find("tls")) {
    const auto tls = co_await fleet_.Replace(*FindRole("tls"), kHandshakeDrain);
    if (!tls) co_return tls;
  }
  co_return co_await fleet_.Replace(*FindRole("keys"), kHandshakeDrain);
}

asio::awaitable<Result<>> Services::RestartHaproxy() {
  const auto health = co_await fleet_.Replace(*FindRole("health"), std::chrono::milliseconds(0));
  if (!health) co_return health;
  co_return co_await fleet_.Replace(*FindRole("proxy"), kDrain);
}

asio::awaitable<Result<>> Services::RestartSystem() {
  const auto system = co_await fleet_.Replace(*FindRole("system"), std::chrono::milliseconds(0));
  if (!system) co_return system;
  for (const char* role : {"wui", "gateway"}) {
    if (!fleet_.Find(role)) continue;
    const auto replaced = co_await fleet_.Replace(*FindRole(role), std::chrono::milliseconds(0));
    if (!replaced) co_return replaced;
  }
  co_return Result<>();
}

asio::awaitable<Result<>> Services::Restart(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  Stoppable* service = FindStoppable(name);
  if (service == nullptr) co_return co_await RestartSystem();
  if (!service->wanted) co_return co_await StartStoppable(*service);
  if (service == &stunnel_) co_return co_await RestartTls();
  if (service == &haproxy_) co_return co_await RestartHaproxy();
  if (const std::string fault = hooks_.sharing_fault(); !fault.empty()) {
    co_return Fail(Code::kFailedPrecondition, fault);
  }
  co_return co_await fleet_.Replace(*FindRole("vrrp"), std::chrono::milliseconds(0));
}

asio::awaitable<Result<>> Services::Reload(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  const Stoppable* stoppable = FindStoppable(name);
  if (stoppable != nullptr && !stoppable->wanted) {
    co_return Fail(Code::kFailedPrecondition,
                   fmt::format("{0} is stopped; start it instead", name));
  }
  co_return co_await hooks_.redeploy();
}

Result<> Services::SetStartMode(const std::string& name, bool automatic) {
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return Usable(name);
  if (name == "system" && !automatic) {
    return Fail(Code::kFailedPrecondition,
                "system always starts by itself: without it nothing can be managed");
  }
  config::v1::StartModes modes;
  auto changed = automatic_;
  changed[name] = automatic;
  for (const auto& [service, value] : changed) {
    config::v1::StartMode* mode = modes.add_service();
    mode->set_service(service);
    mode->set_auto_(value);
  }
  if (auto saved = hooks_.save(modes); !saved) return saved;
  automatic_ = std::move(changed);
  return {};
}

}  // namespace aloha::supervisor
