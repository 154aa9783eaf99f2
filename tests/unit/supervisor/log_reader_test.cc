// Whose lines are read?
#include "supervisor/log_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "supervisor/async.h"
#include "tests/unit/supervisor/fake_health.h"

namespace aloha::supervisor {
namespace {

class LogReaderTest : public testing::Test {
 protected:
  asio::awaitable<void> Follow() {
    LogSink sink{.send =
                     [this](admin::v1::LogLine line) {
                       const std::lock_guard lock(mutex_);
                       texts_.push_back(line.text());
                       return true;
                     },
                 .alive = [this] { return alive_.load(); },
                 .take_dropped = [] { return uint64_t{0}; }};
    admin::v1::WatchLogRequest request;
    request.set_service("health");
    request.set_follow(true);
    co_await FollowLog(fleet_.sources, std::move(sink), std::move(request));
    ended_ = true;
  }
  std::vector<std::string> texts() {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

  std::mutex mutex_;
  std::vector<std::string> texts_;
  std::atomic<bool> alive_{true};
  bool ended_ = false;
  FakeHealth old_{{"old"}}, fresh_{{"fresh"}};
  FleetWithHealth fleet_;
};

TEST_F(LogReaderTest, AnotherProcessMayHaveThePidOfAnEarlierOne) {
  fleet_.Run(old_.MakeProcess(7));
  Spawn(fleet_.loop, Follow());
  ASSERT_TRUE(fleet_.Until([this] { return texts().size() == 1; }));
  fleet_.Run(nullptr);
  fleet_.loop.run_for(std::chrono::milliseconds(250));
  fleet_.Run(fresh_.MakeProcess(7));
  EXPECT_TRUE(fleet_.Until([this] { return texts().size() == 2; }));
  fleet_.loop.run_for(std::chrono::milliseconds(500));  // it is looked at again
  EXPECT_EQ(texts(), (std::vector<std::string>{"old", "fresh"}));
  alive_ = false;
  EXPECT_TRUE(fleet_.Until([this] { return ended_; }));
}

}  // namespace
}  // namespace aloha::supervisor
