#include "wui/metrics_nodes.h"

#include <map>
#include <string>

namespace aloha::wui {
namespace {

namespace v1 = admin::v1;

struct Counter {
  std::string_view name, help;
  uint64_t (v1::NodeCounters::*value)() const;
};
constexpr Counter kCounters[] = {
    {"aloha_peer_accepted_total", "Connections of the paired node that were let in.",
     &v1::NodeCounters::accepted_total},
    {"aloha_peer_connections_total", "Connections to the paired node that were made.",
     &v1::NodeCounters::connected_total},
    {"aloha_peer_connect_failures_total", "Attempts to connect to the paired node that failed.",
     &v1::NodeCounters::connect_failed_total},
    {"aloha_peer_sent_bytes_total", "Payload sent to other nodes.",
     &v1::NodeCounters::bytes_sent_total},
    {"aloha_peer_received_bytes_total", "Payload received from other nodes.",
     &v1::NodeCounters::bytes_received_total},
};

void AddReasons(std::string_view name, std::string_view help,
                const google::protobuf::Map<std::string, uint64_t>& counts, Exposition& out) {
  out.Begin(name, "counter", help);
  const std::map<std::string, uint64_t> sorted(counts.begin(), counts.end());
  for (const auto& [reason, count] : sorted) {
    const Label labels[] = {{"reason", reason}};
    out.Sample(labels, count);
  }
}

}  // namespace

void AddNodeMetrics(const v1::Nodes& nodes, Exposition& out) {
  if (nodes.has_peer()) {
    const Label labels[] = {{"node", nodes.peer().name()}};
    const v1::NodeLink& link = nodes.peer().link();
    out.Begin("aloha_peer_connected", "gauge", "1: the paired node answers.");
    out.Sample(labels, link.connected() ? 1 : 0);
    out.Begin("aloha_peer_round_trip_seconds", "gauge", "Of the newest heartbeat.");
    if (link.connected()) out.Sample(labels, static_cast<double>(link.round_trip_us()) / 1e6);
  }
  for (const Counter& counter : kCounters) {
    out.Begin(counter.name, "counter", counter.help);
    out.Sample({}, (nodes.counters().*counter.value)());
  }
  AddReasons("aloha_peer_refused_total", "Connections that were turned away, by reason.",
             nodes.counters().refused_total(), out);
  AddReasons("aloha_peer_pairing_refused_total", "Attempts to pair that were refused, by reason.",
             nodes.counters().pairing_refused_total(), out);
}

}  // namespace aloha::wui
