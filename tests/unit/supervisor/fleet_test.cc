// What does a fleet start when the supervisor was told to stop?
#include "supervisor/fleet.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "supervisor/async.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using std::chrono_literals::operator""ms;

class FleetTest : public testing::Test {
 protected:
  FleetTest() {
    std::filesystem::create_directory(folder_.path() + "/workers");
    fleet_.SetLauncher("system",
                       [this](const Role&, const std::string&, const std::vector<std::string>&,
                              Inheritance) { return Launch(); });
  }

  // Takes its time and fails.
  asio::awaitable<Result<pid_t>> Launch() {
    ++launches_;
    launching_ = true;
    co_await Sleep(50ms);
    launching_ = false;
    co_return Fail(Code::kUnavailable, "there is no program");
  }

  asio::awaitable<void> Start() { started_.emplace(co_await fleet_.Start(*FindRole("system"))); }

  asio::awaitable<void> StopNow() {
    co_await Sleep(10ms);
    EXPECT_TRUE(launching_);
    fleet_.Close();
    co_await fleet_.KillAll();
    EXPECT_FALSE(launching_);
    EXPECT_TRUE(started_);
  }

  TemporaryFolder folder_;
  Log log_{{.program = "test", .level = LogLevel::kError}};
  asio::io_context loop_;
  Events events_{log_, ""};
  Fleet fleet_{loop_, {folder_.path(), folder_.path(), {}, {}}, events_};
  std::optional<Result<>> started_;
  int launches_ = 0;
  bool launching_ = false;
};

TEST_F(FleetTest, StartsNothingWhenItIsClosed) {
  fleet_.Close();
  Spawn(loop_, Start());
  loop_.run();
  ASSERT_TRUE(started_);
  EXPECT_EQ(started_->error().code, Code::kAborted);
  EXPECT_EQ(launches_, 0);
}

TEST_F(FleetTest, DoesNotTryAgainWhenItWasClosedMeanwhile) {
  Spawn(loop_, Start());
  asio::steady_timer close(loop_, 10ms);
  close.async_wait([this](const asio::error_code&) { fleet_.Close(); });
  loop_.run();  // to the end: nothing waits for another attempt
  ASSERT_TRUE(started_);
  EXPECT_FALSE(*started_);
  EXPECT_EQ(launches_, 1);
  EXPECT_EQ(fleet_.slots().find("system")->second.state, Slot::State::kStopped);
}

TEST_F(FleetTest, KillAllWaitsForWhatIsJustStarting) {
  Spawn(loop_, Start());
  Spawn(loop_, StopNow());
  loop_.run();
  EXPECT_EQ(launches_, 1);
}

}  // namespace
}  // namespace aloha::supervisor
