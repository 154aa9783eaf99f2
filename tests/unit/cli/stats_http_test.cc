#include "cli/stats_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::cli {
namespace {

using testing::ContainsRegex;

void AddBucket(admin::Histogram& times, uint64_t below, uint64_t count) {
  admin::HistogramBucket* bucket = times.add_buckets();
  bucket->set_below_us(below);
  bucket->set_count(count);
  times.set_count(times.count() + count);
}

TEST(QuantileTest, IsTheEndOfItsRange) {
  admin::Histogram times;
  EXPECT_EQ(Quantile(times, nullptr, 0.5), "-");
  AddBucket(times, 1'024, 98);
  AddBucket(times, 262'144, 1);
  AddBucket(times, 61'000'000, 1);
  EXPECT_EQ(Quantile(times, nullptr, 0.5), "1.0ms");
  EXPECT_EQ(Quantile(times, nullptr, 0.98), "1.0ms");
  EXPECT_EQ(Quantile(times, nullptr, 0.99), "262ms");
  EXPECT_EQ(Quantile(times, nullptr, 1), "61.0s");
}

TEST(QuantileTest, WhatWasBeforeDoesNotCount) {
  admin::Histogram before, now;
  AddBucket(before, 1'024, 98);
  AddBucket(now, 1'024, 98);
  EXPECT_EQ(Quantile(now, &before, 0.5), "-");
  AddBucket(now, 2'048, 1);
  EXPECT_EQ(Quantile(now, &before, 0.5), "2.0ms");
  EXPECT_EQ(Quantile(before, &now, 0.5), "1.0ms") << "a reset lies between";
}

TEST(HttpTableTest, ShowsHttpServicesWithRates) {
  admin::StatsSnapshot before, now;
  now.add_virtual_services()->set_name("imap");
  EXPECT_TRUE(HttpTable(now, nullptr).empty());
  for (admin::StatsSnapshot* snapshot : {&before, &now}) {
    admin::VirtualServiceStats& web = *snapshot->add_virtual_services();
    web.set_name("web");
    web.mutable_http()->set_requests_total(snapshot == &now ? 30 : 10);
    for (const int count : {0, 21, 2, 3, 4}) web.mutable_http()->add_responses_total(count);
    web.mutable_http()->set_own_responses_total(5);
    admin::ServerStats& server = *web.add_servers();
    server.set_name("CAS1");
    server.mutable_http()->set_requests_total(8);
  }
  now.set_time_us(2'000'000);
  const std::string text = HttpTable(now, &before).Render(false);
  EXPECT_THAT(text, ContainsRegex("web +all +30 +10.0/s +21 +2 +3 +4 +5 +0 +0 +0 +- +-"));
  EXPECT_THAT(text, ContainsRegex("web +CAS1 +8 +0.0/s +0 +0 +0 +0"));
}

}  // namespace
}  // namespace aloha::cli
