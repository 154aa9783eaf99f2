#include "workers/health/target_board.h"

#include <gtest/gtest.h>

#include "tests/unit/health/simulation.h"

namespace aloha::health {
namespace {

using namespace std::chrono_literals;
using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UNKNOWN;
using worker::v1::CHECK_STATE_UP;

struct TwoChecks : testing::Test {
  Simulation sim;
  TargetBoard board;
  int states = 0, texts = 0;

  void SetUp() override {
    sim.checker.Apply({MakeSpec("port", 1s, 1s), MakeSpec("mapper", 1s, 1s)});
    board.Replace({{"rpc", "CAS1", {0, 1}}, {"rpc", "CAS2", {}}}, sim.checker, 5);
  }

  // Probes everything once more and takes the results to the board.
  const worker::v1::TargetState& Probe(const ProbeResult& port, const ProbeResult& mapper) {
    sim.answers["port"] = port;
    sim.answers["mapper"] = mapper;
    sim.results.clear();
    sim.Run(1100ms);
    for (const size_t check : sim.results) {
      board.Update(check, sim.checker, [this](size_t, bool text) { ++(text ? texts : states); });
    }
    return board.states()[0];
  }
};

TEST_F(TwoChecks, StartUnknown) {
  EXPECT_EQ(board.states()[0].state(), CHECK_STATE_UNKNOWN);
  EXPECT_EQ(board.states()[0].reason(), "no result yet");
  EXPECT_EQ(board.states()[0].since_us(), 5);
  EXPECT_EQ(board.states()[1].reason(), "not checked");
}

TEST_F(TwoChecks, UpWhenAllAreUp) {
  EXPECT_EQ(Probe(kGood, kGood).state(), CHECK_STATE_UP);
  EXPECT_EQ(states, 1);
  EXPECT_EQ(board.states()[0].last_result(), "250");
  const int told = texts;
  Probe(kGood, kGood);
  EXPECT_EQ(states, 1);
  EXPECT_EQ(texts, told);  // nothing new to say
}

TEST_F(TwoChecks, DownWhenOneIsDownWithItsReason) {
  Probe(kGood, kGood);
  for (int i = 0; i < 3; ++i) Probe(kGood, kBad);
  EXPECT_EQ(board.states()[0].state(), CHECK_STATE_DOWN);
  EXPECT_EQ(board.states()[0].reason(), "connection refused");
  EXPECT_EQ(states, 2);
}

TEST_F(TwoChecks, ReplacingKeepsSince) {
  Probe(kGood, kGood);
  const int64_t since = board.states()[0].since_us();
  board.Replace({{"rpc", "CAS1", {0}}, {"rpc", "new", {1}}}, sim.checker, 99);
  EXPECT_EQ(board.states()[0].since_us(), since);
  EXPECT_EQ(board.states()[1].state(), CHECK_STATE_UP);
}

TEST(TargetFeed, CoalescesAndFitsItsBound) {
  std::vector<worker::v1::TargetState> all(100);
  for (size_t i = 0; i < all.size(); ++i) all[i].set_reason(std::string(100, 'r'));
  TargetFeed feed;
  EXPECT_TRUE(feed.empty());
  feed.MarkAll(all.size());
  int messages = 0, told = 0;
  while (!feed.empty()) {
    const auto message = feed.Peek(all, 1000);
    EXPECT_LE(message.ByteSizeLong(), 1000u);
    feed.Drop(static_cast<size_t>(message.targets_size()));
    ++messages;
    told += message.targets_size();
  }
  EXPECT_EQ(told, 100);
  EXPECT_GT(messages, 10);
  feed.Mark(3);
  feed.Mark(3);
  feed.Mark(9);
  EXPECT_EQ(feed.Peek(all, 1).targets_size(), 1);
  EXPECT_EQ(feed.Peek(all, 1 << 20).targets_size(), 2);
}

}  // namespace
}  // namespace aloha::health
