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

// Why a service has no worker in this version.
std::string_view WhyUnused(std::string_view name) {
  if (name == "vrrp") return "this version has no VRRP";
  if (name == "stunnel") return "this version has no TLS termination";
  return {};
}

}  // namespace

void Services::SetStartModes(const config::v1::StartModes& modes) {
  for (const config::v1::StartMode& mode : modes.service())
    automatic_[mode.service()] = mode.auto_();
}

bool Services::StartsByItself(std::string_view service) const {
  const auto found = automatic_.find(service);
  return found == automatic_.end() || found->second;
}

void Services::Recall() {
  constexpr size_t kLongestActor = 1'000;
  const Result<std::string> stopped = ReadTextFile(stop_file_, kLongestActor);
  if (stopped) stopped_by_ = EscapeForLog(*stopped);
  serving_ = !stopped && StartsByItself("haproxy");
}

void Services::ForgetStop() const { unlink(stop_file_.c_str()); }

Result<> Services::Usable(const std::string& name) const {
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    return Fail(
        Code::kNotFound,
        fmt::format("there is no service \"{}\"; services are system, vrrp, haproxy, stunnel",
                    EscapeForLog(name)));
  }
  if (!WhyUnused(name).empty()) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("{} is not in use: {}", name, WhyUnused(name)));
  }
  return {};
}

Service Services::Describe(std::string_view name) const {
  Service service;
  service.set_name(std::string(name));
  service.set_start_mode(StartsByItself(name) ? Service::AUTO : Service::MANUAL);
  if (const std::string_view unused = WhyUnused(name); !unused.empty()) {
    service.set_state(Service::NOT_IN_USE);
    service.set_reason(std::string(unused));
    return service;
  }
  service.set_state(Service::OK);
  std::string reason = name == "haproxy" ? fault_ : "";
  for (const auto& [worker, slot] : fleet_.slots()) {
    if (slot.role->service != name || !slot.InUse()) continue;
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
  if (name == "haproxy" && !serving_) {
    service.set_state(Service::NOK);
    reason = stopped_by_.empty() ? "not started: start-up is manual" : "stopped by " + stopped_by_;
  }
  if (name == "haproxy" && !fault_.empty()) service.set_state(Service::NOK);
  service.set_reason(reason);
  return service;
}

std::vector<Service> Services::List() const {
  std::vector<Service> services;
  for (const std::string_view name : kNames) services.push_back(Describe(name));
  return services;
}

asio::awaitable<Result<>> Services::StartTraffic() {
  serving_ = true;
  stopped_by_.clear();
  ForgetStop();
  const auto deployed = co_await redeploy_();
  if (!deployed) co_return deployed;
  for (const char* role : {"health", "proxy"}) {
    const auto started = co_await fleet_.Start(*FindRole(role));
    if (!started) co_return started;
  }
  co_return Result<>();
}

asio::awaitable<void> Services::StopTraffic(std::chrono::milliseconds drain) {
  serving_ = false;
  (void)co_await redeploy_();  // closes the listeners; taking away cannot be refused
  co_await fleet_.Stop(*FindRole("proxy"), drain);
  co_await fleet_.Stop(*FindRole("health"), std::chrono::milliseconds(0));
}

asio::awaitable<Result<>> Services::Start(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  if (name == "system") co_return co_await fleet_.Start(*FindRole("system"));
  co_return co_await StartTraffic();
}

asio::awaitable<Result<>> Services::Stop(std::string name, bool now, std::string actor) {
  if (auto usable = Usable(name); !usable) co_return usable;
  if (name == "system") {
    co_return Fail(
        Code::kFailedPrecondition,
        "system is what manages all others and cannot be stopped; stop haproxy to stop serving");
  }
  if (auto noted = WriteFileAtomically(stop_file_, actor); !noted) co_return noted;
  stopped_by_ = std::move(actor);
  // Sessions drain behind the answer; listeners are closed before it.
  serving_ = false;
  const auto deployed = co_await redeploy_();
  if (!deployed) co_return deployed;
  if (now) {
    co_await StopTraffic(std::chrono::milliseconds(0));
  } else {
    Spawn(loop_, StopTraffic(kDrain));
  }
  co_return Result<>();
}

asio::awaitable<Result<>> Services::Restart(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  if (name == "system") {
    const auto system = co_await fleet_.Replace(*FindRole("system"), std::chrono::milliseconds(0));
    if (!system || !fleet_.Find("wui")) co_return system;
    co_return co_await fleet_.Replace(*FindRole("wui"), std::chrono::milliseconds(0));
  }
  if (!serving_) co_return co_await StartTraffic();
  const auto health = co_await fleet_.Replace(*FindRole("health"), std::chrono::milliseconds(0));
  if (!health) {
    co_return health;
  }
  co_return co_await fleet_.Replace(*FindRole("proxy"), kDrain);
}

asio::awaitable<Result<>> Services::Reload(std::string name) {
  if (auto usable = Usable(name); !usable) co_return usable;
  if (name == "haproxy" && !serving_) {
    co_return Fail(Code::kFailedPrecondition, "haproxy is stopped; start it instead");
  }
  co_return co_await redeploy_();
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
  if (auto saved = save_(modes); !saved) return saved;
  automatic_ = std::move(changed);
  return {};
}

}  // namespace aloha::supervisor
