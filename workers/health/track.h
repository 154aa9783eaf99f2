// What is remembered of one check: its state, the run of results that may change it, and the last
// results.
#ifndef ALOHA_WORKERS_HEALTH_TRACK_H_
#define ALOHA_WORKERS_HEALTH_TRACK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "worker/v1/snapshot.pb.h"

namespace aloha::health {

// Results kept per check.
inline constexpr size_t kKeptResults = 20;

enum class Outcome {
  kSuccess,
  kFailure,
  kNotProbed,  // for a reason on this machine: says nothing about the server
};

struct ProbeResult {
  Outcome outcome = Outcome::kNotProbed;
  std::string reason;  // escaped; what was seen, for an administrator
};

struct KeptResult {
  int64_t time_us = 0;  // when the probe ended, since 1970-01-01 UTC
  uint64_t duration_us = 0;
  Outcome outcome = Outcome::kNotProbed;
  std::shared_ptr<const std::string> reason;  // shared by equal neighbours
};

// The state follows from runs of equal results:
//   UNKNOWN → UP by the first success; UNKNOWN → DOWN by `fall` failures in a row, so that a new
//   server that is dead takes no sessions after `fall` probes at the fast interval; UP → DOWN by
//   `fall` failures in a row; DOWN → UP by `rise` successes in a row.
// A probe that could not be made changes nothing.
class CheckTrack {
 public:
  // Takes one result. True: the state changed.
  bool Record(const ProbeResult& result, int rise, int fall, int64_t time_us, uint64_t duration_us);

  worker::v1::CheckState state() const { return state_; }
  // UP with the last result a success: the interval between probes may be the long one.
  bool settled() const { return state_ == worker::v1::CHECK_STATE_UP && run_ == 0; }
  // Results in a row that speak against the state.
  int run() const { return run_; }
  // Why the state is what it is; "no result yet" at first.
  const std::string& reason() const { return *reason_; }
  int64_t since_us() const { return since_us_; }

  size_t num_results() const { return num_results_; }
  // 0: the newest; below num_results().
  const KeptResult& result(size_t age) const {
    return results_[(next_ + kKeptResults - 1 - age) % kKeptResults];
  }

 private:
  bool Decide(Outcome outcome, int rise, int fall);
  std::shared_ptr<const std::string> Share(const std::string& reason) const;

  worker::v1::CheckState state_ = worker::v1::CHECK_STATE_UNKNOWN;
  int run_ = 0;
  std::shared_ptr<const std::string> reason_ = InitialReason();
  int64_t since_us_ = 0;
  std::array<KeptResult, kKeptResults> results_;
  size_t next_ = 0, num_results_ = 0;

  static const std::shared_ptr<const std::string>& InitialReason();
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_TRACK_H_
