// Counters of requests.
#ifndef ALOHA_WORKERS_PROXY_HTTP_STATS_H_
#define ALOHA_WORKERS_PROXY_HTTP_STATS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "worker/v1/roles.pb.h"

namespace aloha::proxy {

// One thread's. Written by that thread alone, so no locked instruction is needed.
struct alignas(64) HttpCounters {
  enum Kind { kRequests, kOwn, kBadRequests, kBadResponses, kLimited, kResponses, kCount = 10 };

  void Add(int kind) {
    auto& counter = counters[static_cast<size_t>(kind)];
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void AddResponse(int status) { Add(kResponses + status / 100 - 1); }

  std::array<std::atomic<uint64_t>, kCount> counters{};  // from kResponses on by class
};

// Sums of per-thread counters.
struct HttpTotals {
  std::array<uint64_t, HttpCounters::kCount> counts{};

  static HttpTotals Of(const std::vector<HttpCounters>& threads);
  // What came since `before`.
  void Fill(const HttpTotals& before, worker::v1::HttpStats& stats) const;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_HTTP_STATS_H_
