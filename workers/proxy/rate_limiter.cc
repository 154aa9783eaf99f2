#include "workers/proxy/rate_limiter.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>

namespace aloha::proxy {
namespace {

constexpr size_t kBuckets = 16384;
constexpr size_t kPlaces = 8;  // where an address may be

// Unknown outside, so that nobody can choose addresses that push each other out.
uint64_t RandomSeed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != ssize_t{sizeof seed}) std::abort();
  return seed;
}

}  // namespace

RateLimiter::RateLimiter(uint32_t rate, uint32_t burst)
    : rate_per_ms_(rate / 1000.0), burst_(burst), seed_(RandomSeed()), buckets_(kBuckets) {}

double RateLimiter::Fill(const Bucket& bucket, uint64_t now_ms) const {
  if (bucket.filled_ms == 0) return burst_;
  const double earned = static_cast<double>(now_ms - bucket.filled_ms) * rate_per_ms_;
  return std::min(burst_, bucket.tokens + earned);
}

bool RateLimiter::Take(const net::Ip& client, uint64_t now_ms) {
  const size_t first = net::HashIp(client, seed_) % (kBuckets / kPlaces) * kPlaces;
  const std::lock_guard lock(mutex_);
  Bucket* chosen = &buckets_[first];
  double most = -1;
  for (size_t i = first; i < first + kPlaces; ++i) {
    Bucket& bucket = buckets_[i];
    if (bucket.filled_ms != 0 && bucket.client == client) {
      chosen = &bucket;
      break;
    }
    const double tokens = Fill(bucket, now_ms);
    if (tokens > most) {
      most = tokens;
      chosen = &bucket;
    }
  }
  if (chosen->client != client) *chosen = {client, 0, 0};
  chosen->tokens = Fill(*chosen, now_ms);
  chosen->filled_ms = now_ms;
  if (chosen->tokens < 1) return false;
  chosen->tokens -= 1;
  return true;
}

}  // namespace aloha::proxy
