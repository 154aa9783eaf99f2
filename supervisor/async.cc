#include "supervisor/async.h"

#include <unistd.h>

#include <asio/experimental/as_tuple.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>

namespace aloha::supervisor {
namespace {

constexpr auto kNoThrow = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace

asio::awaitable<AsyncMutex::Guard> AsyncMutex::Lock() {
  while (locked_) (void)co_await free_.async_wait(kNoThrow);
  locked_ = true;
  co_return Guard(this);
}

void AsyncMutex::Unlock() {
  locked_ = false;
  free_.cancel_one();
}

asio::awaitable<void> Sleep(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  (void)co_await timer.async_wait(kNoThrow);
}

asio::awaitable<bool> WaitReadable(int fd, std::chrono::milliseconds timeout) {
  auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor descriptor(executor, dup(fd));
  asio::steady_timer timer(executor, timeout);
  timer.async_wait([&descriptor](const asio::error_code& error) {
    if (!error) descriptor.cancel();
  });
  const auto [error] =
      co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
  timer.cancel();
  co_return !error;
}

void Spawn(asio::io_context& loop, asio::awaitable<void> coroutine) {
  asio::co_spawn(loop, std::move(coroutine), [](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "aloha-supervisor: bug: %s\n", e.what());
    }
    std::abort();
  });
}

}  // namespace aloha::supervisor
