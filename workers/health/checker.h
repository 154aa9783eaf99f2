// When each check is probed, and what its results make of its state. Knows neither sockets nor a
// clock of its own, so that tests run it in simulated time.
//
// Schedule: a new check is probed within a second, new ones spread evenly. While its state is not
// settled (see CheckTrack) a check is probed again one fast interval after the last start. Settled,
// it keeps to slots one interval apart, and the slots of the checks of one snapshot are spread
// evenly over the interval, for ever. Every time varies at random by 10 % of the interval in use,
// and is rounded up so that one wake-up serves several checks. A probe ends at its timeout at the
// latest, which is a failure.
#ifndef ALOHA_WORKERS_HEALTH_CHECKER_H_
#define ALOHA_WORKERS_HEALTH_CHECKER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "workers/health/spec.h"
#include "workers/health/track.h"

namespace aloha::health {

using TimePoint = std::chrono::steady_clock::time_point;

// Probes one address, one probe at a time.
class Probe {
 public:
  virtual ~Probe() = default;
  // Starts a probe; the factory's `done` is called once when it ends, perhaps before Start returns.
  virtual void Start() = 0;
  // Ends a running probe without a call of `done`. Its text says what had not come: "no greeting".
  virtual std::string Cancel() = 0;
};

class Checker {
 public:
  using ProbeFactory = std::function<std::shared_ptr<Probe>(
      const CheckSpec& spec, std::function<void(const ProbeResult&)> done)>;
  // A result came in for the check of that index; `before` is the state it had.
  using ResultHandler = std::function<void(size_t check, worker::v1::CheckState before)>;

  struct Options {
    ProbeFactory make_probe;
    std::function<TimePoint()> now;
    uint32_t seed = 1;         // of the jitter
    size_t max_probes = 2000;  // at a time; further ones wait, in the order they were due
  };
  Checker(Options options, ResultHandler on_result);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Runs these checks and no other. A check with the id and question of a running one keeps state,
  // results, and (while its intervals stay) its place in the schedule.
  void Apply(std::vector<CheckSpec> specs);
  // Ends every probe and starts none until Apply.
  void Stop();

  // When RunDue has something to do; TimePoint::max(): nothing until a probe ends.
  TimePoint next_due() const;
  // Ends the probes whose time is over and starts those that are due.
  void RunDue();

  // Checks by their index in the last Apply.
  size_t size() const { return checks_.size(); }
  const CheckSpec& spec(size_t check) const;
  const CheckTrack& track(size_t check) const;

 private:
  struct Entry;
  using Agenda = std::multimap<TimePoint, Entry*>;

  std::unique_ptr<Entry> MakeEntry(CheckSpec spec);
  void Start(Entry* entry);
  void Finish(Entry* entry, const ProbeResult& result);
  TimePoint NextStart(const Entry& entry);
  std::chrono::nanoseconds Jitter(std::chrono::nanoseconds interval);
  void Move(Entry* entry, Agenda* to, TimePoint when);

  const Options options_;
  const ResultHandler on_result_;
  std::vector<std::unique_ptr<Entry>> checks_;
  // Every check stands in one of them, unless stopped: waiting for its start, or probing until its
  // deadline.
  Agenda starts_, deadlines_;
  std::minstd_rand random_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_CHECKER_H_
