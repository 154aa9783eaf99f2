#include "workers/net/reactor.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <thread>
#include <vector>

namespace aloha::net {
namespace {

class Recorder final : public EventHandler {
 public:
  void OnEvents(uint32_t events, unsigned tag) override {
    if (tag == 5 && (events & EPOLLIN)) got_data.set_value();
  }
  std::promise<void> got_data;
};

class ReactorTest : public testing::Test {
 protected:
  void SetUp() override {
    thread_ = std::thread([this] { reactor_->Run(); });
  }
  void TearDown() override {
    reactor_->Stop();
    thread_.join();
  }
  std::unique_ptr<Reactor> reactor_ = Reactor::Create().value();
  std::thread thread_;
};

TEST_F(ReactorTest, DeliversEventsWithTheirTag) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd ours(pair[0]), theirs(pair[1]);
  Recorder recorder;
  reactor_->Post([&] { ASSERT_TRUE(reactor_->Watch(ours.get(), recorder, 5)); });
  ASSERT_EQ(write(theirs.get(), "x", 1), 1);
  recorder.got_data.get_future().wait();
}

TEST_F(ReactorTest, RunsTasksInOrder) {
  std::promise<std::vector<int>> done;
  auto order = std::make_shared<std::vector<int>>();
  for (int i = 0; i < 100; ++i) reactor_->Post([order, i] { order->push_back(i); });
  reactor_->Post([&, order] { done.set_value(*order); });
  const auto result = done.get_future().get();
  ASSERT_EQ(result.size(), 100u);
  EXPECT_TRUE(std::is_sorted(result.begin(), result.end()));
}

class Alarm final : public Timer {
 public:
  void OnTimer() override { rang.set_value(); }
  std::promise<void> rang;
};

TEST_F(ReactorTest, TimersWakeIt) {
  Alarm alarm;
  reactor_->Post([&] { reactor_->timers().Arm(alarm, reactor_->NowMs() + 30); });
  alarm.rang.get_future().wait();
}

}  // namespace
}  // namespace aloha::net
