#include "wui/metrics_sync.h"

#include <string>
#include <string_view>
#include <utility>

namespace aloha::wui {
namespace {

using admin::v1::SyncCounters;
using admin::v1::SyncState;

struct Counter {
  std::string_view name, help;
  uint64_t (*value)(const SyncCounters&);
};

constexpr Counter kCounters[] = {
    {"updates_sent_total", "Updates that the other node took over.",
     [](const SyncCounters& c) -> uint64_t { return c.updates_sent_total(); }},
    {"updates_refused_by_peer_total", "Updates that the other node refused.",
     [](const SyncCounters& c) -> uint64_t { return c.updates_refused_by_peer_total(); }},
    {"updates_received_total", "Updates taken over from the other node.",
     [](const SyncCounters& c) -> uint64_t { return c.updates_received_total(); }},
    {"updates_refused_total", "Updates of the other node that were refused.",
     [](const SyncCounters& c) -> uint64_t { return c.updates_refused_total(); }},
    {"conflicts_total", "Times that both nodes were found changed.",
     [](const SyncCounters& c) -> uint64_t { return c.conflicts_total(); }},
    {"stick_entries_sent_total", "Entries of stick tables sent to the other node.",
     [](const SyncCounters& c) -> uint64_t { return c.stick_entries_sent_total(); }},
    {"stick_entries_received_total", "Entries of stick tables that the other node sent.",
     [](const SyncCounters& c) -> uint64_t { return c.stick_entries_received_total(); }},
    {"stick_entries_taken_total", "Those of them that were newer.",
     [](const SyncCounters& c) -> uint64_t { return c.stick_entries_taken_total(); }},
    {"keys_sent_total", "Private keys sealed for the other node.",
     [](const SyncCounters& c) -> uint64_t { return c.keys_sent_total(); }},
    {"keys_received_total", "Private keys taken from the other node.",
     [](const SyncCounters& c) -> uint64_t { return c.keys_received_total(); }},
};

constexpr std::pair<SyncState::State, std::string_view> kStates[] = {
    {SyncState::DISCONNECTED, "DISCONNECTED"}, {SyncState::IN_SYNC, "IN_SYNC"},
    {SyncState::SYNCING, "SYNCING"},           {SyncState::CONFLICT, "CONFLICT"},
    {SyncState::REFUSED, "REFUSED"},
};

}  // namespace

void AddSyncMetrics(const SyncState& sync, Exposition& out) {
  if (sync.state() == SyncState::NOT_PAIRED || sync.state() == SyncState::STATE_UNSPECIFIED) return;
  out.Begin("aloha_peer_sync_state", "gauge", "1 for how this node and the other one compare.");
  for (const auto& [state, name] : kStates) {
    const Label labels[] = {{"state", name}};
    out.Sample(labels, state == sync.state() ? 1 : 0);
  }
  out.Begin("aloha_peer_sync_last_in_sync_timestamp_seconds", "gauge",
            "When both last had the same; 0: never.");
  out.Sample({}, static_cast<double>(sync.last_in_sync_us()) / 1e6);
  for (const Counter& counter : kCounters) {
    const std::string name = "aloha_peer_sync_" + std::string(counter.name);
    out.Begin(name, "counter", counter.help);
    out.Sample({}, counter.value(sync.counters()));
  }
}

}  // namespace aloha::wui
