// Time since the machine was booted, suspended time included: no clock that somebody sets.
#ifndef ALOHA_SUPERVISOR_BOOT_TIME_H_
#define ALOHA_SUPERVISOR_BOOT_TIME_H_

#include <chrono>
#include <cstdint>
#include <ctime>

namespace aloha::supervisor {

inline std::chrono::microseconds BootTime() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::duration_cast<std::chrono::microseconds>(
                                                std::chrono::nanoseconds(now.tv_nsec));
}

// As state files keep it.
inline std::chrono::microseconds BootMicroseconds(uint64_t kept) {
  return std::chrono::microseconds(static_cast<int64_t>(kept));
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_BOOT_TIME_H_
