#include "workers/proxy/http_stats.h"

namespace aloha::proxy {

HttpTotals HttpTotals::Of(const std::vector<HttpCounters>& threads) {
  HttpTotals totals;
  for (const HttpCounters& thread : threads) {
    for (size_t i = 0; i < totals.counts.size(); ++i) {
      totals.counts[i] += thread.counters[i].load(std::memory_order_relaxed);
    }
  }
  return totals;
}

void HttpTotals::Fill(const HttpTotals& before, worker::v1::HttpStats& stats) const {
  const auto since = [&](size_t kind) { return counts[kind] - before.counts[kind]; };
  stats.set_requests_total(since(HttpCounters::kRequests));
  stats.set_own_responses_total(since(HttpCounters::kOwn));
  stats.set_bad_requests_total(since(HttpCounters::kBadRequests));
  stats.set_bad_responses_total(since(HttpCounters::kBadResponses));
  stats.set_rate_limited_total(since(HttpCounters::kLimited));
  for (size_t kind = HttpCounters::kResponses; kind < HttpCounters::kCount; ++kind) {
    stats.add_responses_total(since(kind));
  }
}

}  // namespace aloha::proxy
