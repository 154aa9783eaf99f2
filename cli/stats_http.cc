#include "cli/stats_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace aloha::cli {
namespace {

std::string Time(uint64_t us) {
  const double ms = static_cast<double>(us) / 1000;
  if (ms < 100) return fmt::format("{:.1f}ms", ms);
  if (ms < 10'000) return fmt::format("{:.0f}ms", ms);
  return fmt::format("{:.1f}s", ms / 1000);
}

template <typename List>
auto* Find(const List& list, const std::string& name) {
  auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& x) { return x.name() == name; });
  return found == list.end() ? nullptr : &*found;
}

// Statistics that may not be there.
template <typename Thing>
const admin::HttpStats* HttpOf(const Thing* thing) {
  return thing != nullptr && thing->has_http() ? &thing->http() : nullptr;
}

std::string RequestRate(const admin::HttpStats& now, const admin::HttpStats* before,
                        double seconds) {
  if (before == nullptr || seconds <= 0 || now.requests_total() < before->requests_total())
    return "-";
  const auto grown = static_cast<double>(now.requests_total() - before->requests_total());
  return fmt::format("{:.1f}/s", grown / seconds);
}

void AddRow(Table& table, const std::string& service, const std::string& server,
            const admin::HttpStats& now, const admin::HttpStats* before, double seconds) {
  std::vector<Cell> row = {service, server, now.requests_total(),
                           RequestRate(now, before, seconds)};
  for (int i = 1; i < 5; ++i) {  // 1xx are rare: they end the connection as HTTP
    row.emplace_back(i < now.responses_total_size() ? now.responses_total(i) : 0);
  }
  const admin::Histogram* old = before == nullptr ? nullptr : &before->response_time();
  const bool whole = server == "all";  // the balancer's own doing is counted by service
  row.insert(row.end(),
             {whole ? Cell(now.own_responses_total()) : Cell(""),
              whole ? Cell(now.bad_requests_total()) : Cell(""), Cell(now.bad_responses_total()),
              whole ? Cell(now.rate_limited_total()) : Cell(""),
              whole ? Cell(Quantile(now.response_time(), old, 0.5)) : Cell(""),
              whole ? Cell(Quantile(now.response_time(), old, 0.99)) : Cell("")});
  table.Add(row);
}

}  // namespace

std::string Quantile(const admin::Histogram& now, const admin::Histogram* before, double share) {
  std::map<uint64_t, uint64_t> counts;  // by the end of the range
  for (const admin::HistogramBucket& bucket : now.buckets()) {
    counts[bucket.below_us()] = bucket.count();
  }
  uint64_t total = now.count();
  if (before != nullptr && before->count() <= now.count()) {
    for (const admin::HistogramBucket& bucket : before->buckets()) {
      uint64_t& count = counts[bucket.below_us()];
      count -= std::min(count, bucket.count());
    }
    total -= before->count();
  }
  if (total == 0) return "-";
  const auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(total)));
  uint64_t seen = 0;
  for (const auto& [below, count] : counts) {
    seen += count;
    if (seen >= rank) return Time(below);
  }
  return "-";
}

Table HttpTable(const admin::StatsSnapshot& now, const admin::StatsSnapshot* before) {
  Table table({"HTTP SERVICE", "SERVER", ">REQUESTS", ">RATE", ">2XX", ">3XX", ">4XX", ">5XX",
               ">OWN", ">BAD REQUESTS", ">BAD RESPONSES", ">LIMITED", ">P50", ">P99"});
  const double seconds =
      before == nullptr ? 0 : static_cast<double>(now.time_us() - before->time_us()) / 1e6;
  for (const admin::VirtualServiceStats& service : now.virtual_services()) {
    if (!service.has_http()) continue;
    const auto* old =
        before == nullptr ? nullptr : Find(before->virtual_services(), service.name());
    AddRow(table, service.name(), "all", service.http(), HttpOf(old), seconds);
    for (const admin::ServerStats& server : service.servers()) {
      if (!server.has_http()) continue;
      const auto* old_server = old == nullptr ? nullptr : Find(old->servers(), server.name());
      AddRow(table, service.name(), server.name(), server.http(), HttpOf(old_server), seconds);
    }
  }
  return table;
}

}  // namespace aloha::cli
