#include "workers/net/histogram.h"

#include <bit>

namespace aloha::net {
namespace {

void Increase(std::atomic<uint64_t>& cell, uint64_t by) {
  cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

uint32_t Histogram::BucketOf(uint64_t us) {
  if (us < 16) return static_cast<uint32_t>(us);
  const auto power = static_cast<uint32_t>(std::bit_width(us)) - 1;
  const uint32_t bucket = 16 * (power - 3) + ((us >> (power - 4)) & 15);
  return bucket < kBuckets ? bucket : kBuckets - 1;
}

uint64_t Histogram::BucketEnd(uint32_t bucket) {
  if (bucket < 16) return bucket + 1;
  return uint64_t{17 + bucket % 16} << (bucket / 16 - 1);
}

void Histogram::Add(uint64_t us) {
  Cells* cells = cells_.load(std::memory_order_relaxed);
  if (cells == nullptr) {
    cells = new Cells;
    cells_.store(cells, std::memory_order_release);
  }
  Increase(cells->counts[BucketOf(us)], 1);
  Increase(cells->sum_us, us);
}

void Histogram::Fill(worker::v1::Histogram& sum) const {
  const Cells* cells = cells_.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  uint64_t count = 0;
  for (uint32_t i = 0; i < kBuckets; ++i) {
    uint64_t value = cells->counts[i].load(std::memory_order_relaxed);
    if (at_reset_) value -= at_reset_->counts[i];
    if (value == 0) continue;
    (*sum.mutable_buckets())[i] += value;
    count += value;
  }
  sum.set_count(sum.count() + count);
  sum.set_sum_us(sum.sum_us() + cells->sum_us.load(std::memory_order_relaxed) -
                 (at_reset_ ? at_reset_->sum_us : 0));
}

void Histogram::Reset() {
  const Cells* cells = cells_.load(std::memory_order_acquire);
  if (cells == nullptr) return;
  if (!at_reset_) at_reset_ = std::make_unique<Remembered>();
  for (uint32_t i = 0; i < kBuckets; ++i) {
    at_reset_->counts[i] = cells->counts[i].load(std::memory_order_relaxed);
  }
  at_reset_->sum_us = cells->sum_us.load(std::memory_order_relaxed);
}

}  // namespace aloha::net
