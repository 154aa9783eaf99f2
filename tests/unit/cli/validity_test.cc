#include "cli/validity.h"

#include <gtest/gtest.h>

namespace aloha::cli {
namespace {

constexpr int64_t kNow = 1'800'000'000;
constexpr int64_t kDay = 86400;

TEST(DaysLeft, CountsWholeDays) {
  EXPECT_EQ(DaysLeftCell(kNow + 57 * kDay + 5, kNow).text, "57 days");
  EXPECT_EQ(DaysLeftCell(kNow + kDay, kNow).text, "1 day");
  EXPECT_EQ(DaysLeftCell(kNow + kDay - 1, kNow).text, "today");
  EXPECT_EQ(DaysLeftCell(kNow - 1, kNow).text, "expired today");
  EXPECT_EQ(DaysLeftCell(kNow - 3 * kDay, kNow).text, "3 days ago");
}

TEST(DaysLeft, StandsOutMoreAndMore) {
  EXPECT_EQ(DaysLeftCell(kNow + 31 * kDay, kNow).color, Color::kNone);
  EXPECT_EQ(DaysLeftCell(kNow + 30 * kDay, kNow).color, Color::kWarning);
  EXPECT_EQ(DaysLeftCell(kNow + 7 * kDay, kNow).color, Color::kBad);
  EXPECT_EQ(DaysLeftCell(kNow - 7 * kDay, kNow).color, Color::kBad);
}

TEST(Colons, BetweenBytes) {
  EXPECT_EQ(Colons("a1b2c3"), "a1:b2:c3");
  EXPECT_EQ(Colons(""), "");
}

}  // namespace
}  // namespace aloha::cli
