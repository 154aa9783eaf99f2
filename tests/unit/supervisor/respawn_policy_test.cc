#include "supervisor/respawn_policy.h"

#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RespawnPolicyTest : public ::testing::Test {
 protected:
  RespawnPolicy policy_;
  RespawnPolicy::Time now_{seconds(1000)};
};

TEST_F(RespawnPolicyTest, StartsAgainAtOnceTheFirstTime) {
  EXPECT_EQ(policy_.Ended(now_), milliseconds(0));
}

TEST_F(RespawnPolicyTest, PausesGrowAndAreCapped) {
  policy_.Ended(now_);
  EXPECT_EQ(policy_.Ended(now_), milliseconds(100));
  EXPECT_EQ(policy_.Ended(now_), milliseconds(200));
  EXPECT_EQ(policy_.Ended(now_), milliseconds(400));
  milliseconds last{0};
  for (int i = 0; i < 50; ++i) last = policy_.Ended(now_);
  EXPECT_EQ(last, RespawnPolicy::kLongestPause);
}

TEST_F(RespawnPolicyTest, ManyEndsInTheWindowAreACrashLoop) {
  for (size_t i = 0; i + 1 < RespawnPolicy::kCrashLoop; ++i) policy_.Ended(now_);
  EXPECT_FALSE(policy_.InCrashLoop(now_));
  policy_.Ended(now_);
  EXPECT_TRUE(policy_.InCrashLoop(now_));
  EXPECT_FALSE(policy_.InCrashLoop(now_ + RespawnPolicy::kWindow + seconds(1)));
}

TEST_F(RespawnPolicyTest, OldEndsAreForgotten) {
  policy_.Ended(now_);
  EXPECT_EQ(policy_.Ended(now_ + seconds(61)), milliseconds(0));
}

TEST_F(RespawnPolicyTest, AnAdministratorWipesThePast) {
  for (size_t i = 0; i < RespawnPolicy::kCrashLoop; ++i) policy_.Ended(now_);
  policy_.Forget();
  EXPECT_FALSE(policy_.InCrashLoop(now_));
  EXPECT_EQ(policy_.Ended(now_), milliseconds(0));
}

}  // namespace
}  // namespace aloha::supervisor
