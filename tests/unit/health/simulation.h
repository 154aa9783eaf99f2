// A checker in simulated time, with servers that are told what to answer.
#ifndef ALOHA_TESTS_UNIT_HEALTH_SIMULATION_H_
#define ALOHA_TESTS_UNIT_HEALTH_SIMULATION_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workers/health/checker.h"

namespace aloha::health {

struct Simulation {
  struct Start {
    std::string id;
    TimePoint time;
  };

  // The answer at once for each check id; none: it stays silent.
  std::map<std::string, ProbeResult> answers;
  std::vector<Start> starts;
  int running = 0, most_running = 0, cancelled = 0;
  std::vector<size_t> results;  // indexes of the checks, as results came in
  TimePoint now{std::chrono::hours(1)};
  Checker checker;

  class FakeProbe final : public Probe {
   public:
    FakeProbe(Simulation& simulation, std::string id, std::function<void(const ProbeResult&)> done)
        : simulation_(simulation), id_(std::move(id)), done_(std::move(done)) {}
    void Start() override {
      simulation_.starts.push_back({id_, simulation_.now});
      const auto answer = simulation_.answers.find(id_);
      if (answer != simulation_.answers.end()) return done_(answer->second);
      simulation_.most_running = std::max(simulation_.most_running, ++simulation_.running);
    }
    std::string Cancel() override {
      --simulation_.running;
      ++simulation_.cancelled;
      return "no greeting";
    }

   private:
    Simulation& simulation_;
    const std::string id_;
    const std::function<void(const ProbeResult&)> done_;
  };

  explicit Simulation(size_t max_probes = 2000)
      : checker({.make_probe =
                     [this](const CheckSpec& spec, auto done) {
                       return std::make_shared<FakeProbe>(*this, spec.config.id(), done);
                     },
                 .now = [this] { return now; },
                 .seed = 7,
                 .max_probes = max_probes},
                [this](size_t check, worker::v1::CheckState) { results.push_back(check); }) {}

  // Lets time pass, jumping from one due moment to the next.
  void Run(std::chrono::nanoseconds time) {
    const TimePoint end = now + time;
    while (checker.next_due() <= end) {
      now = std::max(now, checker.next_due());
      checker.RunDue();
    }
    now = end;
  }

  std::vector<TimePoint> StartsOf(const std::string& id) const {
    std::vector<TimePoint> times;
    for (const Start& start : starts) {
      if (start.id == id) times.push_back(start.time);
    }
    return times;
  }
};

inline CheckSpec MakeSpec(const std::string& id, std::chrono::milliseconds interval,
                          std::chrono::milliseconds fast) {
  worker::v1::HealthSnapshot snapshot;
  worker::v1::Check* check = snapshot.add_checks();
  check->set_id(id);
  check->set_address("127.0.0.1");
  check->set_port(25);
  check->set_interval_ms(static_cast<uint64_t>(interval.count()));
  check->set_fast_interval_ms(static_cast<uint64_t>(fast.count()));
  check->set_timeout_ms(500);
  check->set_rise(2);
  check->set_fall(3);
  check->mutable_smtp();
  return MakePlan(snapshot)->checks[0];
}

inline const ProbeResult kGood{Outcome::kSuccess, "250"};
inline const ProbeResult kBad{Outcome::kFailure, "connection refused"};

}  // namespace aloha::health

#endif  // ALOHA_TESTS_UNIT_HEALTH_SIMULATION_H_
