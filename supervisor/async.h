// Small tools for coroutines of the control thread (one thread, so nothing here is locked).
#ifndef ALOHA_SUPERVISOR_ASYNC_H_
#define ALOHA_SUPERVISOR_ASYNC_H_

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "workers/runtime/log.h"

namespace aloha::supervisor {

// Lets one coroutine at a time through, in the order of arrival.
class AsyncMutex {
 public:
  explicit AsyncMutex(asio::io_context& loop)
      : free_(loop, asio::steady_timer::time_point::max()) {}

  class Guard {
   public:
    explicit Guard(AsyncMutex* mutex) : mutex_(mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->Unlock();
    }

   private:
    AsyncMutex* mutex_;
  };

  asio::awaitable<Guard> Lock();

 private:
  void Unlock();

  asio::steady_timer free_;  // waiters wait on it; each Unlock wakes one
  bool locked_ = false;
};

// Waits for a time.
asio::awaitable<void> Sleep(std::chrono::milliseconds time);

// Waits until `fd` is readable, at most `timeout`. False: the time is over. The descriptor stays
// the caller's.
asio::awaitable<bool> WaitReadable(int fd, std::chrono::milliseconds timeout);

// Runs a coroutine on its own; what it throws is a bug, logged and fatal.
void Spawn(asio::io_context& loop, asio::awaitable<void> coroutine);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ASYNC_H_
