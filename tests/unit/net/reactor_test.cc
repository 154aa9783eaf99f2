#include "workers/net/reactor.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace aloha::net {
namespace {

class Recorder final : public EventHandler {
 public:
  void OnEvents(uint32_t events, unsigned tag) override {
    if (tag == 5 && (events & EPOLLIN) && !std::exchange(told_, true)) got_data.set_value();
  }
  std::promise<void> got_data;

 private:
  bool told_ = false;
};

class Alarm final : public Timer {
 public:
  void OnTimer() override { rang.set_value(); }
  std::promise<void> rang;
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
  // Events may come until the thread has ended.
  Recorder recorder_;
  Alarm alarm_;
  UniqueFd ours_;
};

TEST_F(ReactorTest, DeliversEventsWithTheirTag) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  ours_.reset(pair[0]);
  const UniqueFd theirs(pair[1]);
  reactor_->Post([&] { ASSERT_TRUE(reactor_->Watch(ours_.get(), recorder_, 5)); });
  ASSERT_EQ(write(theirs.get(), "x", 1), 1);
  recorder_.got_data.get_future().wait();
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

TEST_F(ReactorTest, TimersWakeIt) {
  reactor_->Post([&] { reactor_->timers().Arm(alarm_, reactor_->NowMs() + 30); });
  alarm_.rang.get_future().wait();
}

}  // namespace
}  // namespace aloha::net
