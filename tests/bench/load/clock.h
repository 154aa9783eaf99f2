// Durations of operations.
#ifndef ALOHA_TESTS_BENCH_LOAD_CLOCK_H_
#define ALOHA_TESTS_BENCH_LOAD_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace aloha::load {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline uint32_t MicrosecondsSince(Clock::time_point start) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_CLOCK_H_
