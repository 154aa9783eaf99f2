// When is a drain over?
#include "workers/runtime/drain_loop.h"

#include <gtest/gtest.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace aloha {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

class DrainLoopTest : public testing::Test {
 protected:
  // Runs the loop as long as it has something to do.
  void Run() {
    loop_.restart();
    loop_.run();
  }

  auto Note(std::optional<uint32_t>& cut) {
    return [&cut](uint32_t number) { cut = number; };
  }

  asio::io_context loop_;
  uint64_t live_ = 0;
  bool stopped_ = false;
  DrainLoop drain_{loop_,
                   {[this](auto stopped) {
                      stopped_ = true;
                      stopped();
                    },
                    [this] { return live_; }, [this](auto cut) { cut(std::exchange(live_, 0)); }}};
};

TEST_F(DrainLoopTest, WhereNothingLivesItIsOverAtOnce) {
  std::optional<uint32_t> cut;
  drain_.Start(1h, Note(cut));
  EXPECT_TRUE(stopped_);
  Run();
  EXPECT_EQ(cut, 0u);
}

TEST_F(DrainLoopTest, ItIsOverWhenTheLastHasEnded) {
  live_ = 3;
  std::optional<uint32_t> cut;
  drain_.Start(1h, Note(cut));
  asio::steady_timer end(loop_, 50ms);
  end.async_wait([&](const asio::error_code&) {
    EXPECT_FALSE(cut);
    live_ = 0;
  });
  Run();
  EXPECT_EQ(cut, 0u);
}

TEST_F(DrainLoopTest, WhatLivesTooLongIsCut) {
  live_ = 3;
  std::optional<uint32_t> cut;
  drain_.Start(1ms, Note(cut));
  Run();
  EXPECT_EQ(cut, 3u);
  EXPECT_EQ(live_, 0u);
}

TEST_F(DrainLoopTest, EndedByHandItCutsNothing) {
  live_ = 3;
  std::optional<uint32_t> cut;
  drain_.Start(1ms, Note(cut));
  drain_.End();
  EXPECT_EQ(cut, 0u);
  Run();
  EXPECT_EQ(live_, 3u);
}

TEST_F(DrainLoopTest, ASecondOneSetsTheTimeAnewAndBothAreOverTogether) {
  live_ = 2;
  std::optional<uint32_t> first, second;
  drain_.Start(1h, Note(first));
  drain_.Start(1ms, Note(second));
  EXPECT_FALSE(first);
  Run();
  EXPECT_EQ(first, 2u);
  EXPECT_EQ(second, 2u);
}

}  // namespace
}  // namespace aloha
