// A bound on how often something happens per second, for any number of threads.
#ifndef ALOHA_WORKERS_KEYS_RATE_GATE_H_
#define ALOHA_WORKERS_KEYS_RATE_GATE_H_

#include <atomic>
#include <cstdint>

namespace aloha::keys {

// Lets `rate` through in any second, in a burst or spread, and refills evenly: the generic cell
// rate algorithm (ITU-T I.371), one number that says when the allowance is whole again.
class RateGate {
 public:
  // Whether one more may happen now. rate: per second, 0 for no bound; now_ns: of a steady clock.
  bool Pass(uint32_t rate, int64_t now_ns) {
    if (rate == 0) return true;
    constexpr int64_t kSecond = 1'000'000'000;
    const int64_t cost = kSecond / rate;
    int64_t whole = whole_at_.load(std::memory_order_relaxed);
    while (true) {
      const int64_t next = (whole < now_ns ? now_ns : whole) + cost;
      if (next - now_ns > kSecond) return false;
      if (whole_at_.compare_exchange_weak(whole, next, std::memory_order_relaxed)) return true;
    }
  }

 private:
  std::atomic<int64_t> whole_at_{0};
};

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_RATE_GATE_H_
