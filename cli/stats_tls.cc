#include "cli/stats_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "cli/stats_http.h"

namespace aloha::cli {
namespace {

using List = google::protobuf::RepeatedPtrField<admin::TlsStats>;

const admin::TlsStats* Find(const List* list, const std::string& name) {
  if (list == nullptr) return nullptr;
  const auto found =
      std::find_if(list->begin(), list->end(), [&](const auto& x) { return x.name() == name; });
  return found == list->end() ? nullptr : &*found;
}

uint64_t Succeeded(const admin::TlsStats& stats) {
  uint64_t total = 0;
  for (const admin::TlsHandshakes& handshakes : stats.handshakes()) total += handshakes.total();
  return total;
}

std::string Rate(uint64_t now, const admin::TlsStats* before, double seconds) {
  if (before == nullptr || seconds <= 0 || now < Succeeded(*before)) return "-";
  return fmt::format("{:.1f}/s", static_cast<double>(now - Succeeded(*before)) / seconds);
}

void AddRows(Table& table, const char* side, const List& now, const List* before, double seconds) {
  for (const admin::TlsStats& stats : now) {
    const admin::TlsStats* old = Find(before, stats.name());
    const admin::Histogram* times = old == nullptr ? nullptr : &old->duration();
    const uint64_t total = Succeeded(stats);
    table.Add({side, stats.name(), "all", "", total, Rate(total, old, seconds),
               stats.resumed_total(), Quantile(stats.duration(), times, 0.5),
               Quantile(stats.duration(), times, 0.99)});
    for (const admin::TlsHandshakes& agreed : stats.handshakes()) {
      table.Add({side, stats.name(), agreed.version(), agreed.cipher(), agreed.total()});
    }
    const std::map<std::string, uint64_t> failed(stats.failed_total().begin(),
                                                 stats.failed_total().end());
    for (const auto& [reason, count] : failed) {
      table.Add({side, stats.name(), {"failed", Color::kWarning}, reason, count});
    }
  }
}

}  // namespace

Table TlsTable(const admin::StatsSnapshot& now, const admin::StatsSnapshot* before) {
  Table table({"TLS", "LISTENER OR SETTINGS", "VERSION", "CIPHER OR REASON", ">HANDSHAKES", ">RATE",
               ">RESUMED", ">P50", ">P99"});
  const double seconds =
      before == nullptr ? 0 : static_cast<double>(now.time_us() - before->time_us()) / 1e6;
  AddRows(table, "clients", now.tls_listeners(),
          before == nullptr ? nullptr : &before->tls_listeners(), seconds);
  AddRows(table, "servers", now.tls_servers(), before == nullptr ? nullptr : &before->tls_servers(),
          seconds);
  return table;
}

}  // namespace aloha::cli
