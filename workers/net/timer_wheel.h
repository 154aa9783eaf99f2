// Deadlines of many objects at no cost per operation.
//
// A hierarchical timing wheel: four levels of 64 slots, one tick is 16 ms. Arming and disarming
// link a list node; the next deadline is found from one 64-bit map per level, so a thread with
// nothing due sleeps. Deadlines are never early and at most one tick late. A session that lives on
// does not move its deadline at each byte: it is called at the old one, sees that it was active,
// and arms again.
#ifndef ALOHA_WORKERS_NET_TIMER_WHEEL_H_
#define ALOHA_WORKERS_NET_TIMER_WHEEL_H_

#include <cstdint>

namespace aloha::net {

class TimerWheel;

namespace internal {
struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* previous = nullptr;
};
}  // namespace internal

// What has a deadline. It must be disarmed before it goes.
class Timer : private internal::TimerLink {
 public:
  // The deadline came; the timer is disarmed. May arm it again, and arm or disarm any other.
  virtual void OnTimer() = 0;

 protected:
  Timer() = default;
  virtual ~Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  friend class TimerWheel;
  uint64_t due_tick_ = 0;
};

// One thread's. Times are milliseconds of one clock that never goes back.
class TimerWheel {
 public:
  static constexpr uint64_t kTickMs = 16;

  explicit TimerWheel(uint64_t now_ms);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Replaces the timer's deadline. A deadline more than 74 hours away is called after 74 hours.
  void Arm(Timer& timer, uint64_t due_ms);
  // Not armed: nothing happens.
  void Disarm(Timer& timer);
  // Calls every timer that is due.
  void Advance(uint64_t now_ms);
  // How long to sleep from now_ms: milliseconds, 0 when something is due, -1 when nothing is armed.
  int SleepMs(uint64_t now_ms) const;

 private:
  static constexpr int kLevels = 4, kSlotBits = 6, kSlots = 1 << kSlotBits;
  static constexpr uint64_t kNever = UINT64_MAX;

  // The first tick after `tick_` at which a slot must be looked at; kNever when all are empty.
  uint64_t NextTick() const;
  void Link(Timer& timer);
  void Unlink(Timer& timer);
  // Redistributes the slots of higher levels that begin at tick_, then calls what is due at it.
  void Turn();

  uint64_t tick_;  // everything due up to it has been called
  uint64_t occupied_[kLevels] = {};
  internal::TimerLink slots_[kLevels * kSlots];
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_TIMER_WHEEL_H_
