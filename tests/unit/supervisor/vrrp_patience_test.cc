// Which troubles of haproxy move virtual addresses, and when they may come back.
#include <gtest/gtest.h>

#include "supervisor/vrrp/patience.h"

namespace aloha::supervisor {
namespace {

using State = Patience::State;
using std::chrono::milliseconds;

class PatienceTest : public testing::Test {
 protected:
  bool After(int milliseconds_later, State state) {
    now_ += milliseconds(milliseconds_later);
    return patience_.See(state, now_);
  }

  Patience patience_;
  Patience::Time now_{std::chrono::hours(1)};
};

TEST_F(PatienceTest, ANodeThatStartsHasNothingToServeYet) {
  EXPECT_TRUE(After(0, State::kPassing));
  EXPECT_TRUE(After(100, State::kPassing));
  EXPECT_FALSE(After(100, State::kOk));
}

TEST_F(PatienceTest, AProcessThatIsStartedAgainIsWaitedFor) {
  EXPECT_FALSE(After(0, State::kOk));
  EXPECT_FALSE(After(100, State::kPassing));
  EXPECT_FALSE(After(900, State::kPassing));
  EXPECT_FALSE(After(50, State::kOk));
  EXPECT_FALSE(After(0, State::kPassing));
  EXPECT_FALSE(After(999, State::kPassing));
  EXPECT_TRUE(After(1, State::kPassing));
}

TEST_F(PatienceTest, WhoFailedIsTrustedLater) {
  EXPECT_FALSE(After(0, State::kOk));
  EXPECT_TRUE(After(100, State::kFailed));
  EXPECT_TRUE(After(100, State::kOk));
  EXPECT_TRUE(After(9'900, State::kOk));
  EXPECT_TRUE(After(50, State::kFailed));
  EXPECT_TRUE(After(50, State::kOk));
  EXPECT_TRUE(After(9'999, State::kOk));
  EXPECT_FALSE(After(1, State::kOk));
}

TEST_F(PatienceTest, WhoTookOverFromAnotherSupervisorAssumesThatAllWasWell) {
  patience_.Assume();
  EXPECT_FALSE(After(0, State::kPassing));
  EXPECT_FALSE(After(100, State::kOk));
  patience_.Assume();
  EXPECT_TRUE(After(0, State::kStopped));
}

TEST_F(PatienceTest, AWishCountsAtOnceBothWays) {
  EXPECT_FALSE(After(0, State::kOk));
  EXPECT_TRUE(After(1, State::kStopped));
  EXPECT_TRUE(After(1'000, State::kPassing));
  EXPECT_FALSE(After(1, State::kOk));
}

}  // namespace
}  // namespace aloha::supervisor
