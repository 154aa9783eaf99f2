#include "supervisor/access/refusals.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

class RefusalsTest : public testing::Test {
 protected:
  Log log_{LogOptions{"test", LogLevel::kError}};
  Events events_{log_, ""};
  Refusals refusals_{events_};
  Refusals::Time now_{std::chrono::hours(100)};
};

TEST_F(RefusalsTest, AreEvents) {
  refusals_.Tell("nobody (10.0.0.9)", "Users/ListUsers", "10.0.0.9", "refused: sign in first",
                 now_);
  ASSERT_EQ(events_.all().size(), 1u);
  const Event& event = events_.all().back();
  EXPECT_EQ(event.subject(), "audit");
  EXPECT_EQ(event.method(), "Users/ListUsers");
  EXPECT_EQ(event.actor(), "nobody (10.0.0.9)");
  EXPECT_TRUE(event.refused());
}

TEST_F(RefusalsTest, AFloodIsCountedInsteadOfTold) {
  for (int i = 0; i < 10'000; ++i) refusals_.Tell("nobody", "A/B", "10.0.0.9", "refused", now_);
  EXPECT_EQ(events_.all().size(), 20u);
  // Another address is heard all the same, and tells what was left out.
  refusals_.Tell("nobody", "A/B", "10.0.0.10", "refused", now_);
  ASSERT_EQ(events_.all().size(), 21u);
  EXPECT_THAT(events_.all().back().text(), testing::HasSubstr("9980 more"));
}

TEST_F(RefusalsTest, ManyAddressesShareALimit) {
  for (int i = 0; i < 10'000; ++i)
    refusals_.Tell("nobody", "A/B", fmt::format("10.0.{}.{}", i / 250, i % 250), "refused", now_);
  EXPECT_EQ(events_.all().size(), 100u);
}

TEST_F(RefusalsTest, BuryNothingElse) {
  events_.Add(Event::INFO, "config", "version 7", "applied");
  for (int i = 0; i < 30'000; ++i) {
    now_ += std::chrono::minutes(2);
    refusals_.Tell("nobody", "A/B", fmt::format("{}", i % 7), "refused", now_);
  }
  EXPECT_EQ(events_.all().front().subject(), "config");
  EXPECT_EQ(events_.all().size(), Events::kKeptRefused + 1);
}

}  // namespace
}  // namespace aloha::supervisor
