#include "workers/net/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace aloha::net {
namespace {

constexpr uint64_t kStart = 123'456'789;

class Probe final : public Timer {
 public:
  explicit Probe(const uint64_t& clock) : clock_(clock) {}
  void OnTimer() override {
    called_ms = clock_;
    ++calls;
  }
  uint64_t called_ms = 0;
  int calls = 0;

 private:
  const uint64_t& clock_;
};

// Sleeps as the reactor does.
void RunUntil(TimerWheel& wheel, uint64_t& clock, uint64_t end) {
  for (;;) {
    const int sleep = wheel.SleepMs(clock);
    if (sleep < 0 || clock + sleep > end) break;
    clock += sleep;
    wheel.Advance(clock);
  }
  clock = end;
  wheel.Advance(clock);
}

TEST(TimerWheelTest, CallsInTimeOverAllLevels) {
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  const uint64_t delays[] = {0,         1,         15,          16,         17,
                             100,       1'000,     1023,        1024,       5'000,
                             65'535,    65'536,    65'537,      600'000,    2'400'000,
                             4'194'304, 9'000'000, 100'000'000, 260'000'000};
  std::vector<std::unique_ptr<Probe>> probes;
  for (const uint64_t delay : delays) {
    probes.push_back(std::make_unique<Probe>(clock));
    wheel.Arm(*probes.back(), kStart + delay);
  }
  RunUntil(wheel, clock, kStart + 300'000'000);
  for (size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i]->calls, 1) << delays[i];
    EXPECT_GE(probes[i]->called_ms, kStart + delays[i]);
    EXPECT_LE(probes[i]->called_ms, kStart + delays[i] + 2 * TimerWheel::kTickMs);
  }
  EXPECT_EQ(wheel.SleepMs(clock), -1);
}

TEST(TimerWheelTest, RandomDeadlines) {
  std::mt19937_64 random(7);
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<uint64_t> due;
  for (int i = 0; i < 2000; ++i) {
    probes.push_back(std::make_unique<Probe>(clock));
    due.push_back(clock + random() % (uint64_t{1} << (random() % 24)));
    wheel.Arm(*probes.back(), due.back());
    if (i % 10 == 0) RunUntil(wheel, clock, clock + random() % 3000);
  }
  RunUntil(wheel, clock, clock + (1 << 24));
  for (size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i]->calls, 1);
    EXPECT_GE(probes[i]->called_ms, due[i]);
    EXPECT_LE(probes[i]->called_ms, due[i] + 2 * TimerWheel::kTickMs);
  }
}

TEST(TimerWheelTest, DisarmAndArmAgain) {
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  Probe probe(clock), gone(clock);
  wheel.Disarm(probe);
  wheel.Arm(probe, clock + 100);
  wheel.Arm(probe, clock + 100'000);
  wheel.Arm(gone, clock + 50);
  wheel.Disarm(gone);
  RunUntil(wheel, clock, kStart + 99'999);
  EXPECT_EQ(probe.calls, 0);
  RunUntil(wheel, clock, kStart + 100'100);
  EXPECT_EQ(probe.calls, 1);
  EXPECT_EQ(gone.calls, 0);
}

TEST(TimerWheelTest, FarDeadlinesAreCalledEarlyToLookAgain) {
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  Probe probe(clock);
  wheel.Arm(probe, UINT64_MAX);
  EXPECT_GT(wheel.SleepMs(clock), 0);
  RunUntil(wheel, clock, kStart + 400'000'000);
  EXPECT_EQ(probe.calls, 1);
}

class Rearming final : public Timer {
 public:
  Rearming(TimerWheel& wheel, const uint64_t& clock) : wheel_(wheel), clock_(clock) {}
  void OnTimer() override {
    ++calls;
    wheel_.Arm(*this, clock_ + 1000);
  }
  int calls = 0;

 private:
  TimerWheel& wheel_;
  const uint64_t& clock_;
};

TEST(TimerWheelTest, MayArmItselfAgain) {
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  Rearming timer(wheel, clock);
  wheel.Arm(timer, clock + 1000);
  RunUntil(wheel, clock, kStart + 100'000);
  EXPECT_GE(timer.calls, 97);
  EXPECT_LE(timer.calls, 100);
  wheel.Disarm(timer);
}

TEST(TimerWheelTest, ALateCallerMissesNothing) {
  uint64_t clock = kStart;
  TimerWheel wheel(clock);
  Probe near(clock), far(clock);
  wheel.Arm(near, clock + 20);
  wheel.Arm(far, clock + 70'000);
  clock += 10'000'000;
  wheel.Advance(clock);
  EXPECT_EQ(near.calls, 1);
  EXPECT_EQ(far.calls, 1);
}

}  // namespace
}  // namespace aloha::net
