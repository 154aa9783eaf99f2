#include "supervisor/respawn_policy.h"

#include <algorithm>

namespace aloha::supervisor {

std::chrono::milliseconds RespawnPolicy::Ended(Time now) {
  DropOld(now);
  ends_.push_back(now);
  if (ends_.size() == 1) return std::chrono::milliseconds(0);
  const auto doublings = std::min<size_t>(ends_.size() - 2, 10);
  return std::min(kLongestPause, kFirstPause * (1 << doublings));
}

bool RespawnPolicy::InCrashLoop(Time now) {
  DropOld(now);
  return ends_.size() >= kCrashLoop;
}

void RespawnPolicy::DropOld(Time now) {
  while (!ends_.empty() && now - ends_.front() > kWindow) ends_.pop_front();
}

}  // namespace aloha::supervisor
