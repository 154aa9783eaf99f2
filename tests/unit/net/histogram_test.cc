#include "workers/net/histogram.h"

#include <gtest/gtest.h>

#include <vector>

namespace aloha::net {
namespace {

worker::v1::Histogram Filled(const Histogram& histogram) {
  worker::v1::Histogram message;
  histogram.Fill(message);
  return message;
}

TEST(HistogramTest, BucketsAreThoseOfTheProto) {
  for (uint32_t i = 0; i < 16; ++i) EXPECT_EQ(Histogram::BucketOf(i), i);
  for (uint32_t bucket = 16; bucket < 528; ++bucket) {
    const uint64_t first = uint64_t{16 + bucket % 16} << (bucket / 16 - 1);
    EXPECT_EQ(Histogram::BucketOf(first), bucket);
    EXPECT_EQ(Histogram::BucketEnd(bucket - 1), first);
    EXPECT_EQ(Histogram::BucketOf(Histogram::BucketEnd(bucket) - 1), bucket);
  }
}

TEST(HistogramTest, WhatIsTooLongIsInTheLastBucket) {
  EXPECT_EQ(Histogram::BucketOf((uint64_t{1} << 36) - 1), 527u);
  EXPECT_EQ(Histogram::BucketOf(uint64_t{1} << 36), 527u);
  EXPECT_EQ(Histogram::BucketOf(~uint64_t{0}), 527u);
}

TEST(HistogramTest, EmptyFillsNothing) {
  Histogram histogram;
  histogram.Reset();
  EXPECT_EQ(Filled(histogram).ByteSizeLong(), 0u);
}

TEST(HistogramTest, FillSumsThreads) {
  std::vector<Histogram> threads(2);
  threads[0].Add(3);
  threads[0].Add(1'000);
  threads[1].Add(3);
  worker::v1::Histogram sum;
  for (const Histogram& thread : threads) thread.Fill(sum);
  EXPECT_EQ(sum.count(), 3u);
  EXPECT_EQ(sum.sum_us(), 1'006u);
  ASSERT_EQ(sum.buckets_size(), 2);
  EXPECT_EQ(sum.buckets().at(3), 2u);
  EXPECT_EQ(sum.buckets().at(Histogram::BucketOf(1'000)), 1u);
}

TEST(HistogramTest, ResetLeavesOnlyWhatComesAfter) {
  Histogram histogram;
  histogram.Add(5);
  histogram.Reset();
  EXPECT_EQ(Filled(histogram).count(), 0u);
  EXPECT_EQ(Filled(histogram).buckets_size(), 0);
  histogram.Add(7);
  EXPECT_EQ(Filled(histogram).sum_us(), 7u);
  EXPECT_EQ(Filled(histogram).buckets().at(7), 1u);
}

}  // namespace
}  // namespace aloha::net
