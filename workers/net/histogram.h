// Where the times that one thread took fall, in the buckets of worker.v1.Histogram.
#ifndef ALOHA_WORKERS_NET_HISTOGRAM_H_
#define ALOHA_WORKERS_NET_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "worker/v1/roles.pb.h"

namespace aloha::net {

// One thread adds, without a locked instruction; any thread reads. Nothing is allocated before the
// first value, 4.2 KB then.
class alignas(64) Histogram {
 public:
  Histogram() = default;
  ~Histogram() { delete cells_.load(std::memory_order_relaxed); }
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  // Microseconds. What is 2^36 (19 hours) or more is counted in the last bucket.
  void Add(uint64_t us);

  // Adds what was counted since the last reset to `sum`, so that the histograms of several threads
  // can be filled into one message. The caller keeps Fill and Reset from running at once.
  void Fill(worker::v1::Histogram& sum) const;
  // Remembers what was counted so far: the cells are the adding thread's.
  void Reset();

  // The bucket of a value, and the first value beyond a bucket.
  static uint32_t BucketOf(uint64_t us);
  static uint64_t BucketEnd(uint32_t bucket);

 private:
  // 16 for the values below 16, and for each power of two from 2^4 to 2^35.
  static constexpr uint32_t kBuckets = 16 + 16 * 32;

  struct Cells {
    std::array<std::atomic<uint64_t>, kBuckets> counts{};
    std::atomic<uint64_t> sum_us{0};
  };
  struct Remembered {
    std::array<uint64_t, kBuckets> counts{};
    uint64_t sum_us = 0;
  };

  std::atomic<Cells*> cells_{nullptr};  // owned
  std::unique_ptr<Remembered> at_reset_;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_HISTOGRAM_H_
