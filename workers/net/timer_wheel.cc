#include "workers/net/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <climits>

namespace aloha::net {

TimerWheel::TimerWheel(uint64_t now_ms) : tick_(now_ms / kTickMs) {
  for (auto& slot : slots_) slot.next = slot.previous = &slot;
}

void TimerWheel::Arm(Timer& timer, uint64_t due_ms) {
  Disarm(timer);
  const uint64_t due = due_ms / kTickMs + (due_ms % kTickMs != 0);
  constexpr uint64_t kFarthest = (uint64_t{1} << (kLevels * kSlotBits)) - 1;
  timer.due_tick_ = std::clamp(due, tick_ + 1, tick_ + kFarthest);
  Link(timer);
}

void TimerWheel::Disarm(Timer& timer) {
  if (timer.next != nullptr) Unlink(timer);
}

void TimerWheel::Link(Timer& timer) {
  const uint64_t distance = timer.due_tick_ - tick_;
  const int level = distance == 0 ? 0 : (std::bit_width(distance) - 1) / kSlotBits;
  const int index = (timer.due_tick_ >> (level * kSlotBits)) % kSlots;
  internal::TimerLink& head = slots_[level * kSlots + index];
  timer.next = &head;
  timer.previous = head.previous;
  head.previous->next = &timer;
  head.previous = &timer;
  occupied_[level] |= uint64_t{1} << index;
}

void TimerWheel::Unlink(Timer& timer) {
  internal::TimerLink* const next = timer.next;
  next->previous = timer.previous;
  timer.previous->next = next;
  timer.next = timer.previous = nullptr;
  if (next->next == next) {  // only the slot's head is left
    const auto slot = next - slots_;
    occupied_[slot / kSlots] &= ~(uint64_t{1} << (slot % kSlots));
  }
}

uint64_t TimerWheel::NextTick() const {
  uint64_t next = kNever;
  for (int level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const uint64_t position = tick_ >> (level * kSlotBits);
    // The slot at `position` itself belongs to the next turn of this level.
    const int ahead = 1 + std::countr_zero(std::rotr(occupied_[level], (position + 1) % kSlots));
    next = std::min(next, (position + ahead) << (level * kSlotBits));
  }
  return next;
}

void TimerWheel::Turn() {
  for (int level = kLevels - 1; level >= 0; --level) {
    if (tick_ % (uint64_t{1} << (level * kSlotBits)) != 0) continue;
    const int index = (tick_ >> (level * kSlotBits)) % kSlots;
    internal::TimerLink& head = slots_[level * kSlots + index];
    // Nothing is linked into this very slot meanwhile: what is armed now lies at least one tick
    // ahead of it, and less than one turn of its level.
    while (head.next != &head) {
      auto& timer = static_cast<Timer&>(*head.next);
      Unlink(timer);
      if (timer.due_tick_ > tick_) {
        Link(timer);
      } else {
        timer.OnTimer();
      }
    }
  }
}

void TimerWheel::Advance(uint64_t now_ms) {
  const uint64_t now = now_ms / kTickMs;
  for (uint64_t next = NextTick(); next <= now; next = NextTick()) {
    tick_ = next;
    Turn();
  }
  tick_ = std::max(tick_, now);
}

int TimerWheel::SleepMs(uint64_t now_ms) const {
  const uint64_t next = NextTick();
  if (next == kNever) return -1;
  const uint64_t due_ms = next * kTickMs;
  return due_ms <= now_ms ? 0 : static_cast<int>(std::min<uint64_t>(due_ms - now_ms, INT_MAX));
}

}  // namespace aloha::net
