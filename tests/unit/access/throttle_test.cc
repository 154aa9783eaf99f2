#include "supervisor/access/throttle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ThrottleTest : public testing::Test {
 protected:
  // Attempts that fail, each as soon as it is heard; how long all that took.
  seconds Fail(int times, const std::string& user, const std::string& address) {
    const Throttle::Time begun = now_;
    for (int i = 0; i < times; ++i) {
      while (true) {
        const seconds wait = throttle_.Begin(user, address, now_);
        if (wait == seconds(0)) break;
        now_ += wait;
      }
    }
    return std::chrono::duration_cast<seconds>(now_ - begun);
  }

  Throttle throttle_{Throttle::kOfPasswords};
  Throttle::Time now_{hours(100)};
};

TEST_F(ThrottleTest, SomeMistakesCostNothing) {
  EXPECT_EQ(Fail(5, "carol", "10.0.0.9"), seconds(0));
}

TEST_F(ThrottleTest, ThenEachCostsTwiceAsMuch) {
  Fail(5, "carol", "10.0.0.9");
  EXPECT_EQ(Fail(1, "carol", "10.0.0.9"), seconds(1));
  EXPECT_EQ(Fail(1, "carol", "10.0.0.9"), seconds(2));
  EXPECT_EQ(Fail(1, "carol", "10.0.0.9"), seconds(4));
  EXPECT_GT(Fail(20, "carol", "10.0.0.9"), hours(1));
}

TEST_F(ThrottleTest, AttemptsAtTheSameTimeCountBeforeTheyEnd) {
  int heard = 0;
  for (int i = 0; i < 100; ++i) heard += throttle_.Begin("carol", "10.0.0.9", now_) == seconds(0);
  EXPECT_EQ(heard, 5);
}

TEST_F(ThrottleTest, AStrangerDoesNotKeepTheOwnerOut) {
  throttle_.Know("carol", "10.0.0.9");
  for (int i = 0; i < 5'000; ++i)
    (void)throttle_.Begin("carol", fmt::format("198.51.{}.{}", i / 250, i % 250), now_);
  EXPECT_EQ(throttle_.Begin("carol", "10.0.0.9", now_), seconds(0));
  // From elsewhere there is a gap within seconds.
  EXPECT_LE(throttle_.Begin("carol", "10.0.0.10", now_), seconds(8));
}

TEST_F(ThrottleTest, ManyNetworksShareASlowPath) {
  int heard = 0;
  for (int i = 0; i < 1'000; ++i) {
    heard +=
        throttle_.Begin("carol", fmt::format("198.51.{}.{}", i / 250, i % 250), now_) == seconds(0);
    now_ += std::chrono::milliseconds(10);
  }
  EXPECT_LT(heard, 45);
}

TEST_F(ThrottleTest, OneAddressCannotTryManyNames) {
  int heard = 0;
  for (int i = 0; i < 1'000; ++i)
    heard += throttle_.Begin(fmt::format("user{}", i), "10.0.0.9", now_) == seconds(0);
  EXPECT_EQ(heard, 11);
}

TEST_F(ThrottleTest, ANetworkOfIpv6IsOneAddress) {
  Fail(6, "carol", "2001:db8::1");
  EXPECT_GT(throttle_.Begin("carol", "2001:db8::ffff:1", now_), seconds(0));
  EXPECT_EQ(throttle_.Begin("carol", "2001:db8:0:1::1", now_), seconds(0));
}

TEST_F(ThrottleTest, SuccessForgivesTheAccountAndNotTheAddress) {
  Fail(5, "carol", "10.0.0.9");
  throttle_.Succeeded("carol", "10.0.0.9");
  EXPECT_TRUE(throttle_.Knows("carol", "10.0.0.9"));
  EXPECT_EQ(Fail(5, "carol", "10.0.0.9"), seconds(0));
  // Who has an account of his own gets no further attempts at others by it.
  EXPECT_GT(Fail(4, "dave", "10.0.0.9"), seconds(0));
}

TEST_F(ThrottleTest, TimeForgives) {
  Fail(8, "carol", "10.0.0.9");
  now_ += hours(1) + seconds(1);
  EXPECT_EQ(Fail(5, "carol", "10.0.0.9"), seconds(0));
}

TEST_F(ThrottleTest, CodesAreTriedSeldom) {
  Throttle codes(Throttle::kOfCodes);
  int heard = 0;
  for (int i = 0; i < 24 * 3'600; ++i) {
    heard += codes.Begin("carol", fmt::format("10.{}.{}.1", i / 250, i % 250), now_) == seconds(0);
    now_ += seconds(1);
  }
  EXPECT_LT(heard, 130);  // of a million
}

}  // namespace
}  // namespace aloha::supervisor
