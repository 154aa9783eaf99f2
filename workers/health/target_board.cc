#include "workers/health/target_board.h"

#include <map>
#include <string>
#include <utility>

namespace aloha::health {
namespace {

using worker::v1::TargetState;

// DOWN when one check is DOWN, UP when all are UP, else UNKNOWN.
TargetState Judge(const TargetSpec& target, const Checker& checker) {
  TargetState judged;
  judged.set_service(target.service);
  judged.set_server(target.server);
  judged.set_state(worker::v1::CHECK_STATE_UNKNOWN);
  judged.set_reason("not checked");
  const CheckTrack* deciding = nullptr;
  const CheckTrack* newest = nullptr;
  for (const size_t check : target.checks) {
    const CheckTrack& track = checker.track(check);
    const auto rank = [](const CheckTrack& t) {
      return t.state() == worker::v1::CHECK_STATE_DOWN      ? 2
             : t.state() == worker::v1::CHECK_STATE_UNKNOWN ? 1
                                                            : 0;
    };
    if (deciding == nullptr || rank(track) > rank(*deciding)) deciding = &track;
    if (track.num_results() == 0) continue;
    if (newest == nullptr || track.result(0).time_us > newest->result(0).time_us) newest = &track;
  }
  if (deciding != nullptr) {
    judged.set_state(deciding->state());
    judged.set_reason(deciding->reason());
    judged.set_since_us(deciding->since_us());
  }
  if (newest != nullptr) judged.set_last_result(*newest->result(0).reason);
  return judged;
}

}  // namespace

void TargetBoard::Replace(std::vector<TargetSpec> targets, const Checker& checker, int64_t now_us) {
  std::map<std::pair<std::string, std::string>, TargetState> old;
  for (TargetState& state : states_) {
    auto key = std::make_pair(state.service(), state.server());
    old.emplace(std::move(key), std::move(state));
  }
  targets_ = std::move(targets);
  states_.clear();
  states_.reserve(targets_.size());
  by_check_.assign(checker.size(), {});
  for (size_t i = 0; i < targets_.size(); ++i) {
    for (const size_t check : targets_[i].checks) by_check_[check].push_back(i);
    TargetState state = Judge(targets_[i], checker);
    if (state.since_us() == 0) state.set_since_us(now_us);
    const auto found = old.find({state.service(), state.server()});
    if (found != old.end() && found->second.state() == state.state()) {
      state.set_since_us(found->second.since_us());
    }
    states_.push_back(std::move(state));
  }
}

void TargetBoard::Update(size_t check, const Checker& checker, const ChangeHandler& on_change) {
  for (const size_t target : by_check_[check]) {
    TargetState state = Judge(targets_[target], checker);
    TargetState& shown = states_[target];
    const bool same_state = state.state() == shown.state();
    if (same_state) state.set_since_us(shown.since_us());
    if (same_state && state.reason() == shown.reason() &&
        state.last_result() == shown.last_result()) {
      continue;
    }
    shown = std::move(state);
    on_change(target, same_state);
  }
}

void TargetFeed::MarkAll(size_t num_targets) {
  marked_.assign(num_targets, true);
  queue_.clear();
  for (size_t i = 0; i < num_targets; ++i) queue_.push_back(i);
}

void TargetFeed::Mark(size_t target) {
  if (marked_[target]) return;
  marked_[target] = true;
  queue_.push_back(target);
}

worker::v1::TargetStates TargetFeed::Peek(const std::vector<TargetState>& states,
                                          size_t max_bytes) const {
  // Tag and length of a repeated element.
  constexpr size_t kOverhead = 6;
  worker::v1::TargetStates message;
  size_t bytes = 0;
  for (const size_t target : queue_) {
    bytes += states[target].ByteSizeLong() + kOverhead;
    if (bytes > max_bytes && message.targets_size() > 0) break;
    *message.add_targets() = states[target];
  }
  return message;
}

void TargetFeed::Drop(size_t count) {
  for (; count > 0 && !queue_.empty(); --count) {
    marked_[queue_.front()] = false;
    queue_.pop_front();
  }
}

}  // namespace aloha::health
