// Token buckets, with a clock of the test's own.
#include "workers/proxy/rate_limiter.h"

#include <gtest/gtest.h>

namespace aloha::proxy {
namespace {

constexpr uint64_t kNow = 1'000'000;

net::Ip Client(uint32_t number) {
  net::Ip ip{};
  for (int i = 0; i < 4; ++i) ip[12 + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  return ip;
}

int TakeAll(RateLimiter& limiter, const net::Ip& client, uint64_t now_ms) {
  int taken = 0;
  while (limiter.Take(client, now_ms)) ++taken;
  return taken;
}

TEST(RateLimiterTest, AFullBucketHoldsTheBurst) {
  RateLimiter limiter(1, 5);
  EXPECT_EQ(TakeAll(limiter, Client(1), kNow), 5);
}

TEST(RateLimiterTest, TokensComeBackAtTheRate) {
  RateLimiter limiter(100, 20);
  EXPECT_EQ(TakeAll(limiter, Client(1), kNow), 20);
  EXPECT_FALSE(limiter.Take(Client(1), kNow + 5));
  EXPECT_EQ(TakeAll(limiter, Client(1), kNow + 100), 10);
  EXPECT_EQ(TakeAll(limiter, Client(1), kNow + 3'600'000), 20);
}

TEST(RateLimiterTest, AskingInVainCostsNothing) {
  RateLimiter limiter(10, 1);
  EXPECT_TRUE(limiter.Take(Client(1), kNow));
  for (uint64_t ms = 1; ms < 100; ++ms) EXPECT_FALSE(limiter.Take(Client(1), kNow + ms)) << ms;
  EXPECT_TRUE(limiter.Take(Client(1), kNow + 101));
}

TEST(RateLimiterTest, ClientsDoNotPayForOthers) {
  RateLimiter limiter(1, 2);
  for (uint32_t client = 0; client < 100; ++client) {
    EXPECT_EQ(TakeAll(limiter, Client(client), kNow), 2) << client;
  }
}

TEST(RateLimiterTest, ManyClientsDoNotFreeAnEmptyBucket) {
  RateLimiter limiter(1, 10);
  EXPECT_EQ(TakeAll(limiter, Client(1), kNow), 10);
  for (uint32_t client = 2; client < 100'000; ++client) (void)limiter.Take(Client(client), kNow);
  EXPECT_FALSE(limiter.Take(Client(1), kNow));
}

}  // namespace
}  // namespace aloha::proxy
