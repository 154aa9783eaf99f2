#include "supervisor/async.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "workers/runtime/packet.h"

namespace aloha::supervisor {
namespace {

using std::chrono::milliseconds;

asio::awaitable<void> Hold(AsyncMutex& mutex, int number, std::vector<int>& order) {
  const AsyncMutex::Guard guard = co_await mutex.Lock();
  order.push_back(number);
  co_await Sleep(milliseconds(5));
  order.push_back(number);
}

TEST(AsyncTest, TheMutexLetsOneAtATimeThroughInOrder) {
  asio::io_context loop;
  AsyncMutex mutex(loop);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) Spawn(loop, Hold(mutex, i, order));
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{0, 0, 1, 1, 2, 2}));
}

asio::awaitable<void> Wait(int fd, milliseconds timeout, std::vector<bool>& answers) {
  answers.push_back(co_await WaitReadable(fd, timeout));
}

TEST(AsyncTest, WaitReadableSeesBytesAndTimeouts) {
  asio::io_context loop;
  const auto pair = MakeSocketPair(SOCK_STREAM);
  ASSERT_TRUE(pair);
  std::vector<bool> answers;
  Spawn(loop, Wait(pair->ours.get(), milliseconds(10), answers));
  loop.run();
  loop.restart();
  ASSERT_EQ(write(pair->theirs.get(), "x", 1), 1);
  Spawn(loop, Wait(pair->ours.get(), std::chrono::seconds(10), answers));
  loop.run();
  EXPECT_EQ(answers, (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace aloha::supervisor
