#include "workers/health/checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/health/simulation.h"

namespace aloha::health {
namespace {

using namespace std::chrono_literals;
using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UNKNOWN;
using worker::v1::CHECK_STATE_UP;

std::vector<CheckSpec> Many(int count, std::chrono::milliseconds interval) {
  std::vector<CheckSpec> specs;
  for (int i = 0; i < count; ++i) specs.push_back(MakeSpec("c" + std::to_string(i), interval, 0ms));
  return specs;
}

TEST(Checker, ProbesANewCheckAtOnceAndThenAtItsInterval) {
  Simulation sim;
  sim.answers["a"] = kGood;
  sim.checker.Apply({MakeSpec("a", 10s, 1s)});
  sim.Run(0s);
  EXPECT_EQ(sim.starts.size(), 1u);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_UP);
  sim.Run(1000s);
  const std::vector<TimePoint> times = sim.StartsOf("a");
  EXPECT_NEAR(static_cast<double>(times.size()), 101, 2);
  for (size_t i = 1; i < times.size(); ++i) {
    EXPECT_GE(times[i] - times[i - 1], 8s);
    EXPECT_LE(times[i] - times[i - 1], 12s);
  }
}

TEST(Checker, ProbesFastUntilTheStateIsSettled) {
  Simulation sim;
  sim.answers["a"] = kBad;
  sim.checker.Apply({MakeSpec("a", 60s, 1s)});
  sim.Run(3s);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_DOWN);
  sim.Run(7s);
  EXPECT_NEAR(static_cast<double>(sim.starts.size()), 11, 2);
  sim.answers["a"] = kGood;
  sim.Run(3s);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_UP);
  sim.starts.clear();
  sim.Run(600s);
  EXPECT_NEAR(static_cast<double>(sim.starts.size()), 10, 1);
  // One failure, and it looks closer at once.
  sim.answers["a"] = kBad;
  sim.Run(70s);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_DOWN);
}

TEST(Checker, SilenceEndsAtTheTimeout) {
  Simulation sim;
  sim.checker.Apply({MakeSpec("a", 2s, 1s)});
  sim.Run(499ms);
  EXPECT_EQ(sim.checker.track(0).num_results(), 0u);
  sim.Run(1ms);
  ASSERT_EQ(sim.checker.track(0).num_results(), 1u);
  EXPECT_EQ(*sim.checker.track(0).result(0).reason, "no greeting within 500ms");
  EXPECT_EQ(sim.checker.track(0).result(0).duration_us, 500'000u);
  EXPECT_EQ(sim.cancelled, 1);
}

TEST(Checker, SpreadsItsChecksEvenlyAndKeepsThemSo) {
  Simulation sim;
  for (int i = 0; i < 1000; ++i) sim.answers["c" + std::to_string(i)] = kGood;
  sim.checker.Apply(Many(1000, 10s));
  sim.Run(1s);
  EXPECT_NEAR(static_cast<double>(sim.starts.size()), 1000, 1);  // each within the first second
  sim.Run(300s);
  sim.starts.clear();
  const TimePoint begin = sim.now;
  sim.Run(100s);
  std::vector<int> per_second(100);
  for (const auto& start : sim.starts) {
    ++per_second[static_cast<size_t>((start.time - begin) / 1s)];
  }
  for (const int count : per_second) EXPECT_NEAR(count, 100, 40);
}

TEST(Checker, BoundsProbesAtATimeAndServesThoseThatWaitInOrder) {
  Simulation sim(10);
  sim.checker.Apply(Many(100, 10s));  // all silent
  sim.Run(20s);
  EXPECT_EQ(sim.most_running, 10);
  // 10 at a time, 500 ms each: 100 checks take 5 s, so none is probed a third time before each had
  // its second.
  for (size_t i = 0; i < 100; ++i) EXPECT_GE(sim.checker.track(i).num_results(), 2u) << i;
}

TEST(Checker, KeepsUnchangedChecksAcrossSnapshots) {
  Simulation sim;
  sim.answers["a"] = kGood;
  sim.answers["b"] = kGood;
  sim.checker.Apply({MakeSpec("a", 10s, 1s), MakeSpec("b", 10s, 1s)});
  sim.Run(25s);
  const TimePoint due = sim.checker.next_due();
  const size_t results = sim.checker.track(1).num_results();
  sim.checker.Apply({MakeSpec("b", 10s, 1s), MakeSpec("a", 10s, 1s)});
  EXPECT_EQ(sim.checker.next_due(), due);
  EXPECT_EQ(sim.checker.track(0).num_results(), results);
  EXPECT_EQ(sim.checker.spec(0).config.id(), "b");
  sim.results.clear();
  sim.answers.erase("a");
  sim.Run(11s);
  EXPECT_EQ(std::count(sim.results.begin(), sim.results.end(), 0u), 1);
}

TEST(Checker, ANewPaceKeepsTheState) {
  Simulation sim;
  sim.answers["a"] = kGood;
  sim.checker.Apply({MakeSpec("a", 600s, 600s)});
  sim.Run(5s);
  sim.checker.Apply({MakeSpec("a", 1s, 1s)});
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_UP);
  sim.starts.clear();
  sim.Run(10s);
  EXPECT_NEAR(static_cast<double>(sim.starts.size()), 10, 2);
}

TEST(Checker, ANewAddressStartsAnew) {
  Simulation sim;
  sim.checker.Apply({MakeSpec("a", 10s, 1s)});
  sim.Run(100ms);
  EXPECT_EQ(sim.running, 1);
  CheckSpec moved = MakeSpec("a", 10s, 1s);
  moved.question += "elsewhere";
  sim.answers["a"] = kGood;
  sim.checker.Apply({moved});
  EXPECT_EQ(sim.running, 0);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_UNKNOWN);
  sim.Run(0s);
  EXPECT_EQ(sim.checker.track(0).state(), CHECK_STATE_UP);
}

TEST(Checker, StopsAndGoesOn) {
  Simulation sim;
  sim.checker.Apply(Many(3, 1s));
  sim.Run(600ms);
  EXPECT_GT(sim.running, 0);
  sim.checker.Stop();
  EXPECT_EQ(sim.running, 0);
  EXPECT_EQ(sim.checker.next_due(), TimePoint::max());
  sim.checker.Apply(Many(3, 1s));
  sim.starts.clear();
  sim.Run(1s);
  EXPECT_GE(sim.starts.size(), 3u);
  sim.checker.Apply({});
  EXPECT_EQ(sim.checker.size(), 0u);
  EXPECT_EQ(sim.running, 0);
}

}  // namespace
}  // namespace aloha::health
