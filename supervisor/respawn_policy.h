// When a worker that ended is started again: at once the first time, then after growing pauses; a
// worker that ends too often is in a crash loop. Pure: time comes in as an argument.
#ifndef ALOHA_SUPERVISOR_RESPAWN_POLICY_H_
#define ALOHA_SUPERVISOR_RESPAWN_POLICY_H_

#include <chrono>
#include <deque>

namespace aloha::supervisor {

class RespawnPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Ends within this window count together.
  static constexpr std::chrono::seconds kWindow{60};
  // So many of them are a crash loop.
  static constexpr size_t kCrashLoop = 5;
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5'000};

  // Notes an end that nobody asked for. Answers how long to wait before the next start.
  std::chrono::milliseconds Ended(Time now);
  // Too many ends in the window.
  bool InCrashLoop(Time now);
  // An administrator starts it: the past is forgotten.
  void Forget() { ends_.clear(); }

 private:
  void DropOld(Time now);

  std::deque<Time> ends_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_RESPAWN_POLICY_H_
