// A token bucket for each client address.
#ifndef ALOHA_WORKERS_PROXY_RATE_LIMITER_H_
#define ALOHA_WORKERS_PROXY_RATE_LIMITER_H_

#include <cstdint>
#include <mutex>
#include <vector>

#include "workers/net/address.h"

namespace aloha::proxy {

// Any thread. Memory is bounded: addresses share a table of fixed size, and where one more has no
// place, the bucket that is fullest, and so means least, makes room.
class RateLimiter {
 public:
  // rate: tokens that come back per second; burst: those of a full bucket. Both at least 1.
  RateLimiter(uint32_t rate, uint32_t burst);

  // Takes a token of the client's; false: there is none. Milliseconds of CLOCK_MONOTONIC.
  bool Take(const net::Ip& client, uint64_t now_ms);

 private:
  struct Bucket {
    net::Ip client{};
    uint64_t filled_ms = 0;  // when it was last filled up; 0: nobody's
    double tokens = 0;
  };

  // The tokens that are in it now.
  double Fill(const Bucket& bucket, uint64_t now_ms) const;

  const double rate_per_ms_;
  const double burst_;
  const uint64_t seed_;
  std::mutex mutex_;
  std::vector<Bucket> buckets_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_RATE_LIMITER_H_
