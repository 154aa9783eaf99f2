#include "wui/metrics_vrrp.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;
using State = worker::v1::VirtualRouterState;

constexpr std::pair<State::State, std::string_view> kStates[] = {
    {State::MASTER, "MASTER"}, {State::BACKUP, "BACKUP"}, {State::FAULT, "FAULT"}};

struct Metric {
  std::string_view name, type, help;
  uint64_t (*value)(const State&);
};
constexpr Metric kMetrics[] = {
    {"aloha_vrrp_priority", "gauge", "Priority as configured.",
     [](const State& s) { return uint64_t{s.priority()}; }},
    {"aloha_vrrp_effective_priority", "gauge",
     "Priority in use: lowered while the node is hindered.",
     [](const State& s) { return uint64_t{s.effective_priority()}; }},
    {"aloha_vrrp_adverts_sent_total", "counter", "Adverts sent.",
     [](const State& s) { return s.adverts_sent_total(); }},
    {"aloha_vrrp_adverts_received_total", "counter", "Adverts received and heeded.",
     [](const State& s) { return s.adverts_received_total(); }},
    {"aloha_vrrp_two_masters", "gauge", "1: another node says that it is master too.",
     [](const State& s) { return uint64_t{s.two_masters()}; }},
};

// Calls `visit` with every router and its labels.
template <typename Visit>
void ForEach(const v1::Vrrp& vrrp, Visit visit) {
  for (const v1::VirtualRouter& router : vrrp.routers()) {
    const std::string cluster = std::to_string(router.vrid());
    const bool v6 =
        router.addresses_size() > 0 && router.addresses(0).find(':') != std::string::npos;
    const Label labels[] = {
        {"interface", router.interface()}, {"cluster", cluster}, {"router", v6 ? "ipv6" : "ipv4"}};
    visit(router, Labels(labels));
  }
}

template <typename Visit>
void ForEachRunning(const v1::Vrrp& vrrp, Visit visit) {
  ForEach(vrrp, [&](const v1::VirtualRouter& router, Labels labels) {
    if (router.has_state()) visit(router.state(), labels);
  });
}

// One sample for each key.
void AddCounts(const google::protobuf::Map<std::string, uint64_t>& counts, std::string_view label,
               Labels labels, Exposition& out) {
  const std::map<std::string, uint64_t> sorted(counts.begin(), counts.end());
  for (const auto& [key, count] : sorted) out.Sample(With(labels, label, key), count);
}

}  // namespace

void AddVrrpMetrics(const v1::Vrrp& vrrp, Exposition& out) {
  out.Begin("aloha_vrrp_state", "gauge", "1 for the state that the node is in.");
  ForEachRunning(vrrp, [&](const State& state, Labels labels) {
    for (const auto& [value, name] : kStates) {
      out.Sample(With(labels, "state", name), value == state.state() ? 1 : 0);
    }
  });
  for (const Metric& metric : kMetrics) {
    out.Begin(metric.name, metric.type, metric.help);
    ForEachRunning(
        vrrp, [&](const State& state, Labels labels) { out.Sample(labels, metric.value(state)); });
  }
  out.Begin("aloha_vrrp_packets_dropped_total", "counter",
            "Packets that changed nothing, by reason.");
  ForEachRunning(vrrp, [&](const State& state, Labels labels) {
    AddCounts(state.dropped_total(), "reason", labels, out);
  });
  out.Begin("aloha_vrrp_transitions_total", "counter",
            "Changes of state, by the state that was entered, since the supervisor started.");
  ForEach(vrrp, [&](const v1::VirtualRouter& router, Labels labels) {
    AddCounts(router.transitions_total(), "to", labels, out);
  });
}

}  // namespace aloha::wui
