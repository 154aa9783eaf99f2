#include "workers/health/track.h"

#include <algorithm>

namespace aloha::health {

using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UP;

const std::shared_ptr<const std::string>& CheckTrack::InitialReason() {
  static const auto reason = std::make_shared<const std::string>("no result yet");
  return reason;
}

bool CheckTrack::Record(const ProbeResult& result, int rise, int fall, int64_t time_us,
                        uint64_t duration_us) {
  KeptResult kept{time_us, duration_us, result.outcome, Share(result.reason)};
  const bool changed = Decide(result.outcome, rise, fall);
  if (changed) {
    reason_ = kept.reason;
    since_us_ = time_us;
  }
  results_[next_] = std::move(kept);
  next_ = (next_ + 1) % kKeptResults;
  num_results_ = std::min(num_results_ + 1, kKeptResults);
  return changed;
}

bool CheckTrack::Decide(Outcome outcome, int rise, int fall) {
  if (outcome == Outcome::kNotProbed) return false;
  const bool success = outcome == Outcome::kSuccess;
  if (success == (state_ == CHECK_STATE_UP) && state_ != worker::v1::CHECK_STATE_UNKNOWN) {
    run_ = 0;
    return false;
  }
  const int needed = !success ? fall : state_ == CHECK_STATE_DOWN ? rise : 1;
  if (++run_ < needed) return false;
  run_ = 0;
  state_ = success ? CHECK_STATE_UP : CHECK_STATE_DOWN;
  return true;
}

std::shared_ptr<const std::string> CheckTrack::Share(const std::string& reason) const {
  if (num_results_ > 0 && *result(0).reason == reason) return result(0).reason;
  return std::make_shared<const std::string>(reason);
}

}  // namespace aloha::health
