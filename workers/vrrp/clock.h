// Now, on both clocks.
#ifndef ALOHA_WORKERS_VRRP_CLOCK_H_
#define ALOHA_WORKERS_VRRP_CLOCK_H_

#include <chrono>

#include "workers/vrrp/router.h"

namespace aloha::vrrp {

inline Moment Now() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::steady_clock::now(),
          std::chrono::duration_cast<std::chrono::microseconds>(wall).count()};
}

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_CLOCK_H_
