// The time of day as messages carry it.
#ifndef ALOHA_SUPERVISOR_ACCESS_WALL_TIME_H_
#define ALOHA_SUPERVISOR_ACCESS_WALL_TIME_H_

#include <chrono>
#include <cstdint>

namespace aloha::supervisor {

// Microseconds since 1970-01-01 UTC.
inline int64_t WallMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline int64_t ToMicroseconds(std::chrono::microseconds time) { return time.count(); }

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_WALL_TIME_H_
