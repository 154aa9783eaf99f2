// The event loop of a data thread: bare epoll.
//
// Why not Asio, which the control paths use: measured, Asio costs about 1 µs more per proxied
// exchange (11.7 µs against 10.7 µs, four socket operations), which is most of what is to be won
// over other proxies. A socket is registered once, edge-triggered, for everything; after that no
// epoll_ctl is needed.
#ifndef ALOHA_WORKERS_NET_REACTOR_H_
#define ALOHA_WORKERS_NET_REACTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "workers/net/timer_wheel.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {

// Gets the events of the sockets it registered. After it has closed a socket, an event of it may
// still come until the batch ends: see Reactor::AfterBatch.
class alignas(8) EventHandler {
 public:
  // events: EPOLL* bits; tag: what was given to Watch.
  virtual void OnEvents(uint32_t events, unsigned tag) = 0;

 protected:
  EventHandler() = default;
  virtual ~EventHandler() = default;
};

class Reactor {
 public:
  static Result<std::unique_ptr<Reactor>> Create();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs on the calling thread until Stop.
  void Run();

  // From any thread. Tasks run in order, on the loop's thread; those posted after the end of Run
  // never do.
  void Post(std::function<void()> task);
  void Stop();

  // The rest: on the loop's thread, or before Run.

  // Registers an open socket, edge-triggered, for reading, writing and the peer's half-close. tag:
  // 0 to 7. Closing the socket ends it.
  Result<> Watch(int fd, EventHandler& handler, unsigned tag);
  // Has the events that hold now reported again, for a handler that stopped early to let others
  // have a turn.
  void Again(int fd, EventHandler& handler, unsigned tag);
  // Registers a listening socket: level-triggered, and of several threads that watch it few are
  // woken.
  Result<> WatchListener(int fd, EventHandler& handler);
  void Unwatch(int fd);

  // Called after each batch of events, timers and tasks: time to free what was closed meanwhile.
  // Set once.
  void AfterBatch(std::function<void()> handler) { after_batch_ = std::move(handler); }

  // Milliseconds of CLOCK_MONOTONIC, read once per batch.
  uint64_t NowMs() const { return now_ms_; }
  TimerWheel& timers() { return timers_; }

 private:
  Reactor(UniqueFd epoll, UniqueFd wakeup);
  Result<> Control(int operation, int fd, uint32_t events, void* data);
  void RunTasks();

  UniqueFd epoll_;
  UniqueFd wakeup_;
  uint64_t now_ms_;
  TimerWheel timers_;
  std::function<void()> after_batch_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
};

// Milliseconds and microseconds of CLOCK_MONOTONIC.
uint64_t MonotonicMs();
int64_t MonotonicUs();

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_REACTOR_H_
