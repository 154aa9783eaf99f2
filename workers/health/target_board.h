// The state of every target, as it follows from its checks; and what one reader has not been told
// of it yet.
#ifndef ALOHA_WORKERS_HEALTH_TARGET_BOARD_H_
#define ALOHA_WORKERS_HEALTH_TARGET_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/health/checker.h"

namespace aloha::health {

class TargetBoard {
 public:
  // `text_only`: the state stayed, what is said about it changed.
  using ChangeHandler = std::function<void(size_t target, bool text_only)>;

  // Takes new targets, whose check indexes are those of `checker`. A target that was there and has
  // the state it had keeps the time since which it has it; a state without any result is as old as
  // now_us.
  void Replace(std::vector<TargetSpec> targets, const Checker& checker, int64_t now_us);
  // Looks at the targets of one check again, after a result, and tells which changed.
  void Update(size_t check, const Checker& checker, const ChangeHandler& on_change);

  const std::vector<worker::v1::TargetState>& states() const { return states_; }

 private:
  std::vector<TargetSpec> targets_;
  std::vector<worker::v1::TargetState> states_;  // of targets_, by index
  std::vector<std::vector<size_t>> by_check_;
};

// The targets one reader is behind with. However slow it is, it costs an index per target, and gets
// the newest state.
class TargetFeed {
 public:
  // Everything is news, of now so many targets.
  void MarkAll(size_t num_targets);
  void Mark(size_t target);
  bool empty() const { return queue_.empty(); }

  // The states of the first marked targets, one at least, as many as fit into max_bytes when
  // encoded.
  worker::v1::TargetStates Peek(const std::vector<worker::v1::TargetState>& states,
                                size_t max_bytes) const;
  // The first `count` are told.
  void Drop(size_t count);

 private:
  std::vector<bool> marked_;
  std::deque<size_t> queue_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_TARGET_BOARD_H_
