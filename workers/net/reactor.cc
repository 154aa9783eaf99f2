#include "workers/net/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <utility>

namespace aloha::net {
namespace {

constexpr int kBatch = 256;
constexpr uintptr_t kTagMask = 7;

void* Tagged(EventHandler& handler, unsigned tag) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(&handler) | (tag & kTagMask));
}

}  // namespace

int64_t MonotonicUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

uint64_t MonotonicMs() { return static_cast<uint64_t>(MonotonicUs()) / 1000; }

Result<std::unique_ptr<Reactor>> Reactor::Create() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return FailErrno("epoll_create1");
  UniqueFd wakeup(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return FailErrno("eventfd");
  std::unique_ptr<Reactor> reactor(new Reactor(std::move(epoll), std::move(wakeup)));
  // Edge-triggered, so its counter need not be read: each write is an event. No handler: it marks
  // the task queue.
  auto watched =
      reactor->Control(EPOLL_CTL_ADD, reactor->wakeup_.get(), EPOLLIN | EPOLLET, nullptr);
  if (!watched) return tl::make_unexpected(watched.error());
  return reactor;
}

Reactor::Reactor(UniqueFd epoll, UniqueFd wakeup)
    : epoll_(std::move(epoll)),
      wakeup_(std::move(wakeup)),
      now_ms_(MonotonicMs()),
      timers_(now_ms_) {}

Result<> Reactor::Control(int operation, int fd, uint32_t events, void* data) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = data;
  if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return FailErrno("epoll_ctl");
  return {};
}

Result<> Reactor::Watch(int fd, EventHandler& handler, unsigned tag) {
  return Control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                 Tagged(handler, tag));
}

void Reactor::Again(int fd, EventHandler& handler, unsigned tag) {
  (void)Control(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, Tagged(handler, tag));
}

Result<> Reactor::WatchListener(int fd, EventHandler& handler) {
  return Control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, Tagged(handler, 0));
}

void Reactor::Unwatch(int fd) { (void)Control(EPOLL_CTL_DEL, fd, 0, nullptr); }

void Reactor::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // its first one has woken the thread
  }
  (void)eventfd_write(wakeup_.get(), 1);
}

void Reactor::Stop() {
  Post([this] { stop_ = true; });
}

void Reactor::RunTasks() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void Reactor::Run() {
  epoll_event events[kBatch];
  now_ms_ = MonotonicMs();
  while (!stop_) {
    const int count = epoll_wait(epoll_.get(), events, kBatch, timers_.SleepMs(now_ms_));
    now_ms_ = MonotonicMs();
    bool posted = false;
    for (int i = 0; i < count; ++i) {
      const auto data = reinterpret_cast<uintptr_t>(events[i].data.ptr);
      if (data == 0) {
        posted = true;
        continue;
      }
      reinterpret_cast<EventHandler*>(data & ~kTagMask)
          ->OnEvents(events[i].events, data & kTagMask);
    }
    if (posted) RunTasks();
    timers_.Advance(now_ms_);
    if (after_batch_) after_batch_();
  }
}

}  // namespace aloha::net
