#include "supervisor/admin/traffic_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "supervisor/admin/proxies.h"
#include "supervisor/call_worker.h"
#include "supervisor/checks.h"
#include "supervisor/config/address.h"
#include "supervisor/config/duration.h"
#include "supervisor/configurator.h"
#include "supervisor/services.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace w = worker::v1;
namespace {

// Counters of every virtual service and server; empty while no proxy runs.
using StatsByService = std::map<std::string, w::ServiceStats>;

asio::awaitable<StatsByService> StatsOfAll(AdminContext& context) {
  StatsByService by_service;
  auto stats = co_await FetchStats(context.fleet);
  if (stats) {
    for (w::ServiceStats& service : *stats->mutable_services())
      by_service[service.service()] = std::move(service);
  }
  co_return by_service;
}

v1::Server::CheckState CheckStateOf(w::CheckState state) {
  return state == w::CHECK_STATE_UNSPECIFIED ? v1::Server::UNKNOWN
                                             : static_cast<v1::Server::CheckState>(state);
}

v1::Server Describe(const AdminContext& context, const w::VirtualService& service,
                    const w::Server& server, const StatsByService& stats) {
  v1::Server out;
  out.set_virtual_service(service.name());
  out.set_name(server.name());
  out.set_address(server.address());
  out.set_port(server.port());
  out.set_weight(server.weight());
  out.set_admin_state(static_cast<v1::Server::AdminState>(server.admin_state()));
  out.set_check_state(v1::Server::UNKNOWN);
  if (const w::TargetState* state = context.checks.Find(service.name(), server.name())) {
    out.set_check_state(CheckStateOf(state->state()));
    out.set_reason(state->reason());
    out.set_since_us(state->since_us());
    out.set_last_check(state->last_result());
    out.set_stale(context.checks.stale());
  }
  const auto counted = stats.find(service.name());
  if (counted == stats.end()) return out;
  for (const w::ServerStats& server_stats : counted->second.servers()) {
    if (server_stats.server() != server.name()) continue;
    out.set_sessions(server_stats.traffic().sessions());
    out.set_sessions_total(server_stats.traffic().sessions_total());
  }
  return out;
}

std::string DescribeTable(const w::ProxySnapshot& snapshot, const std::string& name) {
  for (const w::StickTable& table : snapshot.stick_tables()) {
    if (table.name() != name) continue;
    return fmt::format("table {}, {}", name,
                       FormatDuration(std::chrono::milliseconds(table.expiry_ms())));
  }
  return "table " + name;
}

std::string DescribePersistence(const w::ProxySnapshot& snapshot,
                                const w::VirtualService& service) {
  std::vector<std::string> ways;
  if (service.has_cookie()) ways.push_back("cookie " + service.cookie().name());
  if (!service.authorization_table().empty()) {
    ways.push_back(
        fmt::format("Authorization ({})", DescribeTable(snapshot, service.authorization_table())));
  }
  if (!service.stick_table().empty()) {
    ways.push_back(
        fmt::format("source address ({})", DescribeTable(snapshot, service.stick_table())));
  }
  return ways.empty() ? "none" : fmt::format("{}", fmt::join(ways, ", else "));
}

bool CanServe(const v1::Server& server) {
  return server.check_state() != v1::Server::DOWN && server.admin_state() == v1::Server::READY;
}

std::string DescribeRedirect(const w::HttpRules& http) {
  if (!http.has_redirect()) return "";
  const w::HttpRedirect& redirect = http.redirect();
  return fmt::format("https://{}{}", redirect.host().empty() ? "(same host)" : redirect.host(),
                     redirect.https_port() == 443 ? "" : fmt::format(":{}", redirect.https_port()));
}

bool LeadsTo(const w::VirtualService& from, const std::string& service) {
  return std::any_of(from.http().routes().begin(), from.http().routes().end(),
                     [&](const w::HttpRoute& route) { return route.service() == service; });
}

bool IsHttp(const w::ProxySnapshot& snapshot, const w::VirtualService& service) {
  return service.has_http() || std::any_of(snapshot.services().begin(), snapshot.services().end(),
                                           [&](const w::VirtualService& other) {
                                             return LeadsTo(other, service.name());
                                           });
}

// One of the servers that its requests may reach can take one. A service that reaches none answers
// everything itself.
bool AnyCanServe(const AdminContext& context, const w::VirtualService& service,
                 const StatsByService& stats) {
  bool none = true;
  for (const w::VirtualService& other : context.configuration.compiled().proxy.services()) {
    if (other.name() != service.name() && !LeadsTo(service, other.name())) continue;
    for (const w::Server& server : other.servers()) {
      none = false;
      if (CanServe(Describe(context, other, server, stats))) return true;
    }
  }
  return none;
}

v1::VirtualService DescribeService(const AdminContext& context, const w::VirtualService& service,
                                   const StatsByService& stats) {
  const Compiled& compiled = context.configuration.compiled();
  v1::VirtualService out;
  out.set_name(service.name());
  for (const CompiledArea& area : compiled.areas) {
    if (std::find(area.services.begin(), area.services.end(), service.name()) !=
        area.services.end()) {
      out.set_area(area.name);
    }
  }
  out.set_protocol(IsHttp(compiled.proxy, service) ? "HTTP" : "TCP");
  for (const w::Listener& listener : service.listeners()) {
    out.add_listeners(FormatEndpoint(listener.address(), listener.port()));
  }
  constexpr std::string_view kPrefix = "BALANCE_";
  out.set_balance(w::Balance_Name(service.balance()).substr(kPrefix.size()));
  out.set_persistence(DescribePersistence(compiled.proxy, service));
  out.set_idle_timeout_ms(service.idle_timeout_ms());
  out.set_connect_timeout_ms(service.connect_timeout_ms());
  for (const w::HttpRoute& route : service.http().routes()) {
    v1::Route* to = out.add_routes();
    to->set_path_prefix(route.path_prefix());
    to->set_virtual_service(route.service());
    *to->mutable_allow_from() = route.allow_from();
  }
  out.set_redirect(DescribeRedirect(service.http()));
  for (const w::Server& server : service.servers()) {
    *out.add_servers() = Describe(context, service, server, stats);
  }
  const auto counted = stats.find(service.name());
  if (counted != stats.end()) out.set_sessions(counted->second.traffic().sessions());
  // Without counters no proxy runs, or it does not serve this.
  out.set_serving(counted != stats.end() && context.services.serving() &&
                  AnyCanServe(context, service, stats));
  return out;
}

// The newest results of every check behind the servers of one service.
asio::awaitable<void> AddResults(AdminContext& context, v1::VirtualService& service) {
  const auto reports = co_await CallWorker<w::Health>(
      context.fleet, &w::Health::Stub::async::ListChecks, w::ListChecksRequest());
  if (!reports) co_return;
  for (const w::Target& target : context.configuration.compiled().health.targets()) {
    if (target.service() != service.name()) continue;
    for (v1::Server& server : *service.mutable_servers()) {
      if (server.name() != target.server()) continue;
      for (const w::CheckReport& report : reports->checks()) {
        if (std::find(target.check_ids().begin(), target.check_ids().end(), report.id()) ==
            target.check_ids().end()) {
          continue;
        }
        for (const w::CheckResult& result : report.results()) {
          v1::CheckResult* out = server.add_results();
          out->set_check(report.id());
          out->set_time_us(result.time_us());
          out->set_success(result.success());
          out->set_reason(result.reason());
          out->set_duration_us(result.duration_us());
        }
      }
    }
  }
}

}  // namespace

asio::awaitable<v1::VirtualServiceStates> DescribeVirtualServices(AdminContext& context) {
  const StatsByService stats = co_await StatsOfAll(context);
  v1::VirtualServiceStates states;
  for (const w::VirtualService& service : context.configuration.compiled().proxy.services())
    *states.add_virtual_services() = DescribeService(context, service, stats);
  co_return states;
}

grpc::ServerUnaryReactor* VirtualServicesApi::ListVirtualServices(
    grpc::CallbackServerContext* call, const v1::ListVirtualServicesRequest* request,
    v1::ListVirtualServicesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "VirtualServices/ListVirtualServices",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const StatsByService stats = co_await StatsOfAll(context_);
                     co_return Page(context_.configuration.compiled().proxy.services(),
                                    request->page_size(), request->page_token(),
                                    response->mutable_next_page_token(),
                                    [&](const w::VirtualService& service) {
                                      *response->add_virtual_services() =
                                          DescribeService(context_, service, stats);
                                    });
                   });
}

grpc::ServerUnaryReactor* VirtualServicesApi::GetVirtualService(
    grpc::CallbackServerContext* call, const v1::GetVirtualServiceRequest* request,
    v1::VirtualService* response) {
  return ServeCall(context_, call, CallKind::kRead, "VirtualServices/GetVirtualService",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     const StatsByService stats = co_await StatsOfAll(context_);
                     for (const w::VirtualService& service :
                          context_.configuration.compiled().proxy.services()) {
                       if (service.name() != request->name()) continue;
                       *response = DescribeService(context_, service, stats);
                       co_await AddResults(context_, *response);
                       co_return Result<>();
                     }
                     co_return Fail(Code::kNotFound,
                                    fmt::format("there is no virtual service \"{}\"",
                                                EscapeForLog(request->name())));
                   });
}

grpc::ServerUnaryReactor* ServersApi::ListServers(grpc::CallbackServerContext* call,
                                                  const v1::ListServersRequest* request,
                                                  v1::ListServersResponse* response) {
  return ServeCall(
      context_, call, CallKind::kRead, "Servers/ListServers",
      [this, request, response](Caller&) -> asio::awaitable<Result<>> {
        const StatsByService stats = co_await StatsOfAll(context_);
        std::vector<std::pair<const w::VirtualService*, const w::Server*>> servers;
        for (const w::VirtualService& service :
             context_.configuration.compiled().proxy.services()) {
          if (!request->virtual_service().empty() && service.name() != request->virtual_service())
            continue;
          for (const w::Server& server : service.servers()) servers.emplace_back(&service, &server);
        }
        co_return Page(servers, request->page_size(), request->page_token(),
                       response->mutable_next_page_token(), [&](const auto& server) {
                         *response->add_servers() =
                             Describe(context_, *server.first, *server.second, stats);
                       });
      });
}

grpc::ServerUnaryReactor* ServersApi::SetServerState(grpc::CallbackServerContext* call,
                                                     const v1::SetServerStateRequest* request,
                                                     v1::SetServerStateResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "Servers/SetServerState",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        if (request->admin_state() < v1::Server::READY ||
            request->admin_state() > v1::Server::MAINTENANCE) {
          co_return Fail(Code::kInvalidArgument, "READY, DRAIN or MAINTENANCE", "admin_state");
        }
        const auto state = static_cast<w::AdminState>(request->admin_state());
        const auto changed =
            co_await context_.configuration.SetServerState(request->server(), state);
        if (!changed) co_return tl::make_unexpected(changed.error());
        *response->mutable_event() = context_.events.Add(
            Event::INFO, "server", request->server(),
            v1::Server::AdminState_Name(request->admin_state()), caller.actor, caller.method);
        const StatsByService stats = co_await StatsOfAll(context_);
        for (const w::VirtualService& service :
             context_.configuration.compiled().proxy.services()) {
          for (const w::Server& server : service.servers()) {
            const bool meant =
                std::find(changed->begin(), changed->end(),
                          std::pair(service.name(), server.name())) != changed->end();
            if (meant) *response->add_servers() = Describe(context_, service, server, stats);
          }
        }
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
