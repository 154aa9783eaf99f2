#include "supervisor/config/plan.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "supervisor/config/address.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/plan_high_availability.h"
#include "supervisor/config/plan_http.h"
#include "supervisor/config/plan_network.h"
#include "supervisor/config/plan_remote.h"
#include "supervisor/config/plan_tls.h"
#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using worker_v1::Server;
using worker_v1::VirtualService;

struct PlacedListener {
  std::string service;
  worker_v1::Listener listener;
};
// By address and port, as the sockets are.
using ListenerMap = std::map<std::string, PlacedListener>;
using ServiceMap = std::map<std::string, const VirtualService*>;
// Text of the checks that decide about "service/server".
using CheckMap = std::map<std::string, std::string>;

std::string Endpoint(const worker_v1::Listener& listener) {
  return FormatEndpoint(listener.address(), listener.port());
}

ListenerMap ListenersOf(const Compiled& compiled) {
  ListenerMap map;
  for (const VirtualService& service : compiled.proxy.services()) {
    for (const auto& listener : service.listeners()) {
      map[Endpoint(listener)] = {service.name(), listener};
    }
  }
  if (compiled.wui.has_web()) {
    const worker_v1::Listener& web = compiled.wui.web().listener();
    map[Endpoint(web)] = {"management.web", web};
  }
  if (compiled.wui.has_metrics()) {
    const worker_v1::Listener& metrics = compiled.wui.metrics().listener();
    map[Endpoint(metrics)] = {"management.metrics", metrics};
  }
  const auto add = [&map](const char* name, const worker_v1::GatewayListener& gateway) {
    worker_v1::Listener listener;
    listener.set_address(gateway.address());
    listener.set_port(gateway.port());
    map[Endpoint(listener)] = {name, listener};
  };
  if (compiled.gateway.has_listener()) add("high_availability", compiled.gateway.listener());
  if (compiled.gateway.has_management())
    add("management.grpc", compiled.gateway.management().listener());
  return map;
}

ServiceMap ServicesOf(const Compiled& compiled) {
  ServiceMap map;
  for (const VirtualService& service : compiled.proxy.services()) map[service.name()] = &service;
  return map;
}

CheckMap ChecksOf(const Compiled& compiled) {
  std::map<std::string, const worker_v1::Check*> checks;
  for (const auto& check : compiled.health.checks()) checks[check.id()] = &check;
  CheckMap map;
  for (const auto& target : compiled.health.targets()) {
    std::string& text = map[fmt::format("{}/{}", target.service(), target.server())];
    for (const std::string& id : target.check_ids()) {
      const auto found = checks.find(id);
      if (found == checks.end()) continue;
      worker_v1::Check check = *found->second;
      check.clear_id();
      check.clear_address();  // told with the server
      check.clear_port();
      text += PrintText(check);
    }
  }
  return map;
}

std::string Time(uint64_t milliseconds) {
  return FormatDuration(std::chrono::milliseconds(milliseconds));
}

const char* BalanceText(worker_v1::Balance balance) {
  switch (balance) {
    case worker_v1::BALANCE_LEAST_CONNECTIONS:
      return "least connections";
    case worker_v1::BALANCE_SOURCE_HASH:
      return "source hash";
    default:
      return "round robin";
  }
}

const char* AdminStateText(worker_v1::AdminState state) {
  switch (state) {
    case worker_v1::ADMIN_STATE_DRAIN:
      return "drain";
    case worker_v1::ADMIN_STATE_MAINTENANCE:
      return "maintenance";
    default:
      return "ready";
  }
}

const char* SendProxyText(worker_v1::SendProxy version) {
  if (version == worker_v1::SEND_PROXY_V1) return "version 1";
  return version == worker_v1::SEND_PROXY_V2 ? "version 2" : "off";
}

std::string Limit(uint32_t most) { return most == 0 ? "unlimited" : std::to_string(most); }
std::string TableText(const std::string& name) {
  return name.empty() ? "off" : fmt::format("by table {}", name);
}

// Collects the steps of one change.
class Planner {
 public:
  Planner(const Compiled& running, const Compiled& next)
      : running_(running),
        next_(next),
        old_services_(ServicesOf(running)),
        new_services_(ServicesOf(next)),
        old_checks_(ChecksOf(running)),
        new_checks_(ChecksOf(next)) {}

  std::vector<PlanStep> Run() {
    for (const std::string& text : NetworkChanges(running_, next_)) {
      Add(PlanKind::kNetwork, "", "network: " + text);
    }
    Areas();
    Listeners();
    for (const VirtualService& old : running_.proxy.services()) {
      if (!new_services_.contains(old.name())) {
        Add(PlanKind::kServiceRemoved, old.name(),
            "service removed; its sessions live on until they end");
      }
    }
    for (const VirtualService& service : next_.proxy.services()) {
      const auto old = old_services_.find(service.name());
      if (old == old_services_.end()) {
        Add(PlanKind::kServiceAdded, service.name(),
            fmt::format("service added with {} server{}", service.servers_size(),
                        service.servers_size() == 1 ? "" : "s"));
      } else {
        Settings(*old->second, service);
        Servers(*old->second, service);
      }
    }
    Tls();
    HighAvailability();
    StickTables();
    Process();
    return std::move(steps_);
  }

 private:
  void Add(PlanKind kind, const std::string& service, const std::string& text) {
    steps_.push_back(
        {kind, service, service.empty() ? text : fmt::format("{}: {}", service, text)});
  }

  void Areas() {
    for (size_t i = 0; i < next_.areas.size() && i < running_.areas.size(); ++i) {
      const CompiledArea& area = next_.areas[i];
      if (area.state == running_.areas[i].state) continue;
      std::string text = fmt::format("area becomes {}", AreaStateName(area.state));
      if (!area.reason.empty()) text += fmt::format(" ({})", area.reason);
      Add(PlanKind::kArea, area.name, text);
    }
  }

  void Listeners() {
    const ListenerMap old_map = ListenersOf(running_), new_map = ListenersOf(next_);
    for (const auto& [endpoint, old] : old_map) {
      if (new_map.contains(endpoint)) continue;
      Add(PlanKind::kListenerClosed, old.service,
          fmt::format("listener {} closes, its sessions live on until they end", endpoint));
    }
    for (const auto& [endpoint, placed] : new_map) {
      const auto old = old_map.find(endpoint);
      if (old == old_map.end()) {
        Add(PlanKind::kListenerOpened, placed.service, fmt::format("listener {} opens", endpoint));
      } else if (old->second.service != placed.service) {
        Add(PlanKind::kListenerMoved, placed.service,
            fmt::format("listener {} stays open and is taken over from {}", endpoint,
                        old->second.service));
      } else if (old->second.listener.accept_proxy() != placed.listener.accept_proxy()) {
        Add(PlanKind::kListenerMoved, placed.service,
            fmt::format("listener {}: PROXY protocol from clients {}", endpoint,
                        placed.listener.accept_proxy() ? "on" : "off"));
      }
      if (old == old_map.end()) continue;
      Changed(PlanKind::kTls, placed.service, fmt::format("listener {}: TLS", endpoint),
              TlsStartText(old->second.listener), TlsStartText(placed.listener));
    }
  }

  // One sentence when a setting differs.
  void Changed(PlanKind kind, const std::string& service, std::string_view what,
               const std::string& from, const std::string& to) {
    if (from != to) Add(kind, service, fmt::format("{} changes from {} to {}", what, from, to));
  }

  void Settings(const VirtualService& old, const VirtualService& now) {
    const auto changed = [&](std::string_view what, const std::string& from,
                             const std::string& to) {
      Changed(PlanKind::kServiceChanged, now.name(), what, from, to);
    };
    changed("balance", BalanceText(old.balance()), BalanceText(now.balance()));
    changed("persistence by source address", TableText(old.stick_table()),
            TableText(now.stick_table()));
    changed("idle timeout", Time(old.idle_timeout_ms()), Time(now.idle_timeout_ms()));
    changed("connect timeout", Time(old.connect_timeout_ms()), Time(now.connect_timeout_ms()));
    changed("queue timeout", Time(old.queue_timeout_ms()), Time(now.queue_timeout_ms()));
    changed("number of retries", std::to_string(old.retries()), std::to_string(now.retries()));
    changed("who is served", NetworksText(old.allow_from(), "everybody"),
            NetworksText(now.allow_from(), "everybody"));
    changed("server names from TLS in the log", old.log_sni() ? "on" : "off",
            now.log_sni() ? "on" : "off");
    for (const std::string& text : HttpChanges(old, now)) {
      Add(PlanKind::kServiceChanged, now.name(), text);
    }
  }

  void Servers(const VirtualService& old, const VirtualService& now) {
    std::map<std::string, const Server*> before;
    std::set<std::string> names;
    for (const Server& server : old.servers()) before[server.name()] = &server;
    for (const Server& server : now.servers()) names.insert(server.name());
    for (const Server& server : old.servers()) {
      if (names.contains(server.name())) continue;
      Add(PlanKind::kServerRemoved, now.name(),
          fmt::format("server {} removed, its sessions live on until they end", server.name()));
    }
    for (const Server& server : now.servers()) {
      const auto found = before.find(server.name());
      if (found == before.end()) {
        Add(PlanKind::kServerAdded, now.name(),
            fmt::format("server {} added ({})", server.name(),
                        FormatEndpoint(server.address(), server.port())));
      } else {
        OneServer(now.name(), *found->second, server);
      }
    }
  }

  void OneServer(const std::string& service, const Server& old, const Server& now) {
    const auto changed = [&](std::string_view what, const std::string& from,
                             const std::string& to) {
      Changed(PlanKind::kServerChanged, service, fmt::format("server {}: {}", now.name(), what),
              from, to);
    };
    changed("address", FormatEndpoint(old.address(), old.port()),
            FormatEndpoint(now.address(), now.port()));
    changed("weight", std::to_string(old.weight()), std::to_string(now.weight()));
    changed("most connections", Limit(old.max_connections()), Limit(now.max_connections()));
    changed("PROXY protocol", SendProxyText(old.send_proxy()), SendProxyText(now.send_proxy()));
    changed("TLS", ServerTlsText(old), ServerTlsText(now));
    changed("slow start", Time(old.slow_start_ms()), Time(now.slow_start_ms()));
    if (!old.cookie().empty() && !now.cookie().empty() && old.cookie() != now.cookie()) {
      Add(PlanKind::kServerChanged, service,
          fmt::format("server {}: its cookie changes, and clients with the old one are balanced "
                      "anew",
                      now.name()));
    }
    changed("state", AdminStateText(old.admin_state()), AdminStateText(now.admin_state()));
    const std::string key = fmt::format("{}/{}", service, now.name());
    const auto before = old_checks_.find(key), after = new_checks_.find(key);
    const bool was = before != old_checks_.end(), is = after != new_checks_.end();
    if (was && !is) {
      Add(PlanKind::kCheckChanged, service,
          fmt::format("server {} is no longer checked, and counts as usable", now.name()));
    } else if (is && (!was || before->second != after->second)) {
      Add(PlanKind::kCheckChanged, service,
          fmt::format("server {}: the check {}", now.name(), was ? "changes" : "begins"));
    }
  }

  void Tls() {
    for (const TlsChange& change : TlsChanges(running_, next_)) {
      Add(PlanKind::kTls, change.service, change.text);
    }
    for (const std::string& text : RemoteChanges(running_, next_)) {
      Add(PlanKind::kTls, "management.grpc", text);
    }
  }

  void HighAvailability() {
    for (const std::string& text : HighAvailabilityChanges(running_.vrrp, next_.vrrp)) {
      Add(PlanKind::kHighAvailability, "", text);
    }
  }

  void StickTables() {
    std::map<std::string, const worker_v1::StickTable*> before, after;
    for (const auto& table : running_.proxy.stick_tables()) before[table.name()] = &table;
    for (const auto& table : next_.proxy.stick_tables()) after[table.name()] = &table;
    for (const auto& [name, table] : before) {
      if (!after.contains(name)) {
        Add(PlanKind::kStickTable, "", fmt::format("stick table {} is forgotten", name));
      }
    }
    for (const auto& [name, table] : after) {
      const auto old = before.find(name);
      if (old == before.end()) {
        Add(PlanKind::kStickTable, "", fmt::format("stick table {} begins empty", name));
      } else {
        Changed(PlanKind::kStickTable, "", fmt::format("stick table {}: expiry", name),
                Time(old->second->expiry_ms()), Time(table->expiry_ms()));
      }
    }
  }

  void Process() {
    const auto& old = running_.proxy;
    const auto& now = next_.proxy;
    const auto on = [](bool value) { return value ? "on" : "off"; };
    Changed(PlanKind::kLog, "", "access log", on(old.access_log()), on(now.access_log()));
    Changed(PlanKind::kLog, "", "access log as JSON", on(old.access_log_json()),
            on(now.access_log_json()));
    if (old.threads() != now.threads()) {
      Add(PlanKind::kRestart, "",
          fmt::format("the proxy runs {} threads and will run {} after `alohactl service restart "
                      "haproxy`",
                      old.threads(), now.threads()));
    }
  }

  const Compiled& running_;
  const Compiled& next_;
  const ServiceMap old_services_, new_services_;
  const CheckMap old_checks_, new_checks_;
  std::vector<PlanStep> steps_;
};

}  // namespace

const char* PlanKindName(PlanKind kind) {
  switch (kind) {
    case PlanKind::kArea:
      return "area";
    case PlanKind::kServiceAdded:
      return "service added";
    case PlanKind::kServiceRemoved:
      return "service removed";
    case PlanKind::kServiceChanged:
      return "service changed";
    case PlanKind::kListenerOpened:
      return "listener opened";
    case PlanKind::kListenerClosed:
      return "listener closed";
    case PlanKind::kListenerMoved:
      return "listener changed";
    case PlanKind::kServerAdded:
      return "server added";
    case PlanKind::kServerRemoved:
      return "server removed";
    case PlanKind::kServerChanged:
      return "server changed";
    case PlanKind::kCheckChanged:
      return "check changed";
    case PlanKind::kHighAvailability:
      return "high availability";
    case PlanKind::kTls:
      return "tls";
    case PlanKind::kNetwork:
      return "network";
    case PlanKind::kStickTable:
      return "stick table";
    case PlanKind::kLog:
      return "log";
    case PlanKind::kRestart:
      return "restart needed";
  }
  return "";
}

std::vector<PlanStep> Plan(const Compiled& running, const Compiled& next) {
  return Planner(running, next).Run();
}

}  // namespace aloha::supervisor
