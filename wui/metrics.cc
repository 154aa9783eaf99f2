#include "wui/metrics.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "wui/exposition.h"
#include "wui/metrics_nodes.h"
#include "wui/metrics_sync.h"
#include "wui/metrics_tls.h"
#include "wui/metrics_vrrp.h"

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;

// One number of a thing. `value` gives nothing (false) where the thing has none.
template <typename Thing>
struct Metric {
  std::string_view name, type, help;
  uint64_t (*value)(const Thing&);
  bool of_http = false;  // only of things with HTTP counters
};

using Service = v1::VirtualServiceStats;
using Server = v1::ServerStats;

constexpr Metric<Service> kServiceMetrics[] = {
    {"current_sessions", "gauge", "Client connections now.",
     [](const Service& s) { return s.traffic().sessions(); }},
    {"max_sessions", "gauge", "Most client connections at a time, since start or reset.",
     [](const Service& s) { return s.traffic().sessions_max(); }},
    {"sessions_total", "counter", "Client connections.",
     [](const Service& s) { return s.traffic().sessions_total(); }},
    {"received_bytes_total", "counter", "Payload received from clients.",
     [](const Service& s) { return s.traffic().bytes_from_clients(); }},
    {"sent_bytes_total", "counter", "Payload sent to clients.",
     [](const Service& s) { return s.traffic().bytes_to_clients(); }},
    {"queued", "gauge", "Waiting for a server now.", [](const Service& s) { return s.queued(); }},
    {"failed_total", "counter", "Ended before a server was reached.",
     [](const Service& s) { return s.failed_total(); }},
    {"denied_total", "counter", "Refused: network not allowed, bad PROXY header, too many.",
     [](const Service& s) { return s.denied_total(); }},
    {"injected_total", "counter", "Ended by commands in clear behind STARTTLS.",
     [](const Service& s) { return s.injected_total(); }},
    {"http_requests_total", "counter", "HTTP requests that ended.",
     [](const Service& s) { return s.http().requests_total(); }, true},
    {"http_own_responses_total", "counter", "HTTP responses that the balancer gave itself.",
     [](const Service& s) { return s.http().own_responses_total(); }, true},
    {"http_bad_requests_total", "counter", "HTTP requests refused as malformed or ambiguous.",
     [](const Service& s) { return s.http().bad_requests_total(); }, true},
    {"http_bad_responses_total", "counter", "HTTP responses refused as malformed or ambiguous.",
     [](const Service& s) { return s.http().bad_responses_total(); }, true},
    {"http_rate_limited_total", "counter", "HTTP requests refused by the rate limit.",
     [](const Service& s) { return s.http().rate_limited_total(); }, true},
};

constexpr Metric<Server> kServerMetrics[] = {
    {"current_sessions", "gauge", "Sessions on this server now.",
     [](const Server& s) { return s.traffic().sessions(); }},
    {"max_sessions", "gauge", "Most sessions at a time, since start or reset.",
     [](const Server& s) { return s.traffic().sessions_max(); }},
    {"sessions_total", "counter", "Sessions given to this server.",
     [](const Server& s) { return s.traffic().sessions_total(); }},
    {"sent_bytes_total", "counter", "Payload from clients, sent to this server.",
     [](const Server& s) { return s.traffic().bytes_from_clients(); }},
    {"received_bytes_total", "counter", "Payload to clients, received from this server.",
     [](const Server& s) { return s.traffic().bytes_to_clients(); }},
    {"queued", "gauge", "Waiting for this server now.", [](const Server& s) { return s.queued(); }},
    {"connect_errors_total", "counter", "Attempts to connect that failed.",
     [](const Server& s) { return s.connect_errors_total(); }},
    {"retries_total", "counter", "Attempts after a failed one, on the same server.",
     [](const Server& s) { return s.retries_total(); }},
    {"redispatches_total", "counter", "Sessions moved to another server after a failed attempt.",
     [](const Server& s) { return s.redispatches_total(); }},
    {"up", "gauge", "0: its check says DOWN.",
     [](const Server& s) { return uint64_t{s.check_state() != v1::Server::DOWN}; }},
    {"http_requests_total", "counter", "HTTP requests that ended.",
     [](const Server& s) { return s.http().requests_total(); }, true},
    {"http_bad_responses_total", "counter", "HTTP responses refused as malformed or ambiguous.",
     [](const Server& s) { return s.http().bad_responses_total(); }, true},
};

constexpr Metric<v1::Worker> kWorkerMetrics[] = {
    {"up", "gauge", "1: the process runs.",
     [](const v1::Worker& w) { return uint64_t{w.state() == v1::Worker::RUNNING}; }},
    {"restarts_total", "counter", "Times it ended unasked and was started again.",
     [](const v1::Worker& w) { return uint64_t{w.restarts()}; }},
    {"memory_bytes", "gauge", "Proportional set size.",
     [](const v1::Worker& w) { return w.memory_bytes(); }},
    {"uptime_seconds", "gauge", "Time since the process started.",
     [](const v1::Worker& w) { return w.uptime_s(); }},
    {"confined", "gauge", "1: confined as declared.",
     [](const v1::Worker& w) { return uint64_t{w.confined()}; }},
};

// Calls `visit` with the labels of every virtual service.
template <typename Visit>
void ForEachService(const v1::StatsSnapshot& stats, Visit visit) {
  for (const Service& service : stats.virtual_services()) {
    const Label labels[] = {{"virtual_service", service.name()}};
    visit(service, Labels(labels));
  }
}

template <typename Visit>
void ForEachServer(const v1::StatsSnapshot& stats, Visit visit) {
  for (const Service& service : stats.virtual_services()) {
    for (const Server& server : service.servers()) {
      const Label labels[] = {{"virtual_service", service.name()}, {"server", server.name()}};
      visit(server, Labels(labels));
    }
  }
}

void AddResponses(const v1::HttpStats& http, Labels labels, Exposition& out) {
  static constexpr std::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (int i = 0; i < http.responses_total_size() && i < 5; ++i) {
    out.Sample(With(labels, "code", kClasses[i]), http.responses_total(i));
  }
}

// One sample for each state that can be: 1 for the one that is.
template <typename State>
void AddStates(State state, std::span<const std::pair<State, std::string_view>> states,
               Labels labels, Exposition& out) {
  for (const auto& [value, name] : states) {
    out.Sample(With(labels, "state", name), value == state ? 1 : 0);
  }
}

void AddServices(const v1::StatsSnapshot& stats, Exposition& out) {
  for (const auto& metric : kServiceMetrics) {
    const std::string name = fmt::format("aloha_virtual_service_{}", metric.name);
    out.Begin(name, metric.type, metric.help);
    ForEachService(stats, [&](const Service& service, Labels labels) {
      if (!metric.of_http || service.has_http()) out.Sample(labels, metric.value(service));
    });
  }
  out.Begin("aloha_virtual_service_http_responses_total", "counter",
            "HTTP responses by the class of their status.");
  ForEachService(stats, [&](const Service& service, Labels labels) {
    AddResponses(service.http(), labels, out);
  });
  out.Begin("aloha_virtual_service_http_response_time_seconds", "histogram",
            "From the end of the request's head to the last byte of the response.");
  ForEachService(stats, [&](const Service& service, Labels labels) {
    if (service.has_http()) AddHistogram(service.http().response_time(), labels, out);
  });
}

void AddServers(const v1::StatsSnapshot& stats, Exposition& out) {
  using Check = std::pair<v1::Server::CheckState, std::string_view>;
  using Admin = std::pair<v1::Server::AdminState, std::string_view>;
  static constexpr Check kCheckStates[] = {
      {v1::Server::UNKNOWN, "UNKNOWN"}, {v1::Server::UP, "UP"}, {v1::Server::DOWN, "DOWN"}};
  static constexpr Admin kAdminStates[] = {{v1::Server::READY, "READY"},
                                           {v1::Server::DRAIN, "DRAIN"},
                                           {v1::Server::MAINTENANCE, "MAINTENANCE"}};
  for (const auto& metric : kServerMetrics) {
    const std::string name = fmt::format("aloha_server_{}", metric.name);
    out.Begin(name, metric.type, metric.help);
    ForEachServer(stats, [&](const Server& server, Labels labels) {
      if (!metric.of_http || server.has_http()) out.Sample(labels, metric.value(server));
    });
  }
  out.Begin("aloha_server_check_state", "gauge", "1 for the state that the check says.");
  ForEachServer(stats, [&](const Server& server, Labels labels) {
    AddStates<v1::Server::CheckState>(server.check_state(), kCheckStates, labels, out);
  });
  out.Begin("aloha_server_admin_state", "gauge", "1 for the state that the administrator set.");
  ForEachServer(stats, [&](const Server& server, Labels labels) {
    AddStates<v1::Server::AdminState>(server.admin_state(), kAdminStates, labels, out);
  });
  out.Begin("aloha_server_http_responses_total", "counter",
            "HTTP responses by the class of their status.");
  ForEachServer(stats, [&](const Server& server, Labels labels) {
    AddResponses(server.http(), labels, out);
  });
}

void AddLicensing(const v1::SystemInfo& info, Exposition& out) {
  using Licensing = std::pair<v1::SystemInfo::Licensing, std::string_view>;
  static constexpr Licensing kStates[] = {{v1::SystemInfo::EVALUATION, "EVALUATION"},
                                          {v1::SystemInfo::LICENSED, "LICENSED"},
                                          {v1::SystemInfo::NO_VALID_LICENSE, "NO_VALID_LICENSE"}};
  out.Begin("aloha_license_state", "gauge", "1 for how the product is licensed.");
  AddStates<v1::SystemInfo::Licensing>(info.licensing(), kStates, {}, out);
}

void AddWorkers(const v1::ListWorkersResponse& workers, Exposition& out) {
  for (const auto& metric : kWorkerMetrics) {
    const std::string name = fmt::format("aloha_worker_{}", metric.name);
    out.Begin(name, metric.type, metric.help);
    for (const v1::Worker& worker : workers.workers()) {
      const Label labels[] = {{"worker", worker.name()}};
      if (worker.pid() != 0 || metric.name == "up" || metric.name == "restarts_total") {
        out.Sample(labels, metric.value(worker));
      }
    }
  }
  out.Begin("aloha_worker_cpu_seconds_total", "counter", "CPU time used, user and system.");
  for (const v1::Worker& worker : workers.workers()) {
    const Label labels[] = {{"worker", worker.name()}};
    if (worker.pid() != 0) out.Sample(labels, static_cast<double>(worker.cpu_us()) / 1e6);
  }
}

}  // namespace

std::string RenderMetrics(const MetricsInput& input) {
  Exposition out;
  if (input.info != nullptr) {
    const Label version[] = {{"version", input.info->version()}};
    out.Begin("aloha_build_info", "gauge", "1, with the version of the supervisor.");
    out.Sample(version, 1);
    out.Begin("aloha_unsaved_changes", "gauge", "1: the running configuration is not saved.");
    out.Sample({}, input.info->unsaved_changes() ? 1 : 0);
    AddLicensing(*input.info, out);
  }
  if (input.workers != nullptr) AddWorkers(*input.workers, out);
  if (input.stats != nullptr) {
    out.Begin("aloha_log_lines_dropped_total", "counter",
              "Access lines lost because their reader was slow.");
    out.Sample({}, input.stats->log_lines_dropped());
    AddServices(*input.stats, out);
    AddServers(*input.stats, out);
    AddTlsMetrics(*input.stats, out);
  }
  if (input.sync != nullptr) AddSyncMetrics(*input.sync, out);
  if (input.vrrp != nullptr) AddVrrpMetrics(*input.vrrp, out);
  if (input.nodes != nullptr) AddNodeMetrics(*input.nodes, out);
  return out.Take();
}

}  // namespace aloha::wui
