#include "workers/health/track.h"

#include <gtest/gtest.h>

namespace aloha::health {
namespace {

using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UNKNOWN;
using worker::v1::CHECK_STATE_UP;

constexpr int kRise = 2, kFall = 3;

// Records one result per letter: s(uccess), f(ailure), n(ot probed). Answers the states after each:
// U, D, or ?.
std::string Play(CheckTrack& track, const std::string& results) {
  std::string states;
  for (const char c : results) {
    const Outcome outcome = c == 's'   ? Outcome::kSuccess
                            : c == 'f' ? Outcome::kFailure
                                       : Outcome::kNotProbed;
    track.Record({outcome, std::string(1, c)}, kRise, kFall, 1000, 10);
    states += track.state() == CHECK_STATE_UP ? 'U' : track.state() == CHECK_STATE_DOWN ? 'D' : '?';
  }
  return states;
}

TEST(CheckTrack, StartsUnknownAndTrustsTheFirstSuccess) {
  CheckTrack track;
  EXPECT_EQ(track.state(), CHECK_STATE_UNKNOWN);
  EXPECT_EQ(track.reason(), "no result yet");
  EXPECT_FALSE(track.settled());
  EXPECT_EQ(Play(track, "s"), "U");
  EXPECT_TRUE(track.settled());
  EXPECT_EQ(track.reason(), "s");
  EXPECT_EQ(track.since_us(), 1000);
}

TEST(CheckTrack, ANewServerIsDownAfterFallFailures) {
  CheckTrack track;
  EXPECT_EQ(Play(track, "fff"), "??D");
}

TEST(CheckTrack, OnlyRunsChangeTheState) {
  CheckTrack track;
  EXPECT_EQ(Play(track, "sffsffsfff"), "UUUUUUUUUD");
  EXPECT_EQ(Play(track, "sfsfss"), "DDDDDU");
}

TEST(CheckTrack, IsUnsettledWhileARunSpeaksAgainstTheState) {
  CheckTrack track;
  Play(track, "sf");
  EXPECT_FALSE(track.settled());
  Play(track, "s");
  EXPECT_TRUE(track.settled());
  Play(track, "fff");
  EXPECT_FALSE(track.settled());
}

TEST(CheckTrack, WhatCouldNotBeProbedSaysNothing) {
  CheckTrack track;
  EXPECT_EQ(Play(track, "nnnn"), "????");
  EXPECT_EQ(Play(track, "snnnnffnnf"), "UUUUUUUUUD");
}

TEST(CheckTrack, KeepsTheLastTwentyResults) {
  CheckTrack track;
  for (int i = 0; i < 50; ++i) {
    track.Record({Outcome::kSuccess, std::to_string(i / 40)}, kRise, kFall, i, 7);
  }
  ASSERT_EQ(track.num_results(), kKeptResults);
  EXPECT_EQ(track.result(0).time_us, 49);
  EXPECT_EQ(track.result(19).time_us, 30);
  EXPECT_EQ(*track.result(0).reason, "1");
  EXPECT_EQ(track.result(0).reason.get(), track.result(9).reason.get());
  EXPECT_EQ(*track.result(10).reason, "0");
}

}  // namespace
}  // namespace aloha::health
