// What becomes of lines that aloha-health cannot send?
#include "supervisor/reports/syslog_feed.h"

#include <gtest/gtest.h>

#include "tests/unit/supervisor/fake_health.h"

namespace aloha::supervisor {
namespace {

using Requests = std::vector<std::vector<std::string>>;

std::string Lost(int number) {
  return std::to_string(number) +
         " lines did not reach this server: it, or this machine, was too slow";
}

class SyslogFeedTest : public testing::Test {
 protected:
  // Three lines for the feed, which come together.
  void Begin(FakeHealth& health) {
    fleet_.Run(health.MakeProcess(7));
    feed_.Use(true);
    fleet_.loop.run_for(std::chrono::milliseconds(50));
    for (const char* text : {"one", "two", "three"}) fleet_.log.Warning(text);
    fleet_.log.Flush();
  }
  bool Come(FakeHealth& health, size_t number) {
    return fleet_.Until([&health, number] { return health.requests().size() >= number; });
  }
  void End() {
    feed_.Use(false);
    fleet_.loop.run_for(std::chrono::milliseconds(1'500));
  }

  FleetWithHealth fleet_;
  SyslogFeed feed_{fleet_.sources};
};

TEST_F(SyslogFeedTest, TriesTheRestAgainAndTellsWhatIsLost) {
  FakeHealth health({}, {2});
  Begin(health);
  EXPECT_TRUE(Come(health, 3));
  EXPECT_EQ(health.requests(), (Requests{{"one", "two", "three"}, {"three"}, {Lost(1)}}));
  End();
}

TEST_F(SyslogFeedTest, ANumberThatIsLostItselfIsToldAgain) {
  FakeHealth health({}, {3, 2, 0, 1});
  Begin(health);
  EXPECT_TRUE(Come(health, 5));
  EXPECT_EQ(health.requests(),
            (Requests{{"one", "two", "three"}, {"two", "three"}, {"three"}, {Lost(2)}, {Lost(2)}}));
  End();
}

TEST_F(SyslogFeedTest, WaitsWhileNothingCanBeSent) {
  FakeHealth health({}, std::vector<uint32_t>(10'000, 1'000));
  Begin(health);
  ASSERT_TRUE(Come(health, 1));
  fleet_.loop.run_for(std::chrono::milliseconds(500));
  EXPECT_EQ(health.requests().size(), 1u);
  End();
}

}  // namespace
}  // namespace aloha::supervisor
