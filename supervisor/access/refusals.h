// Calls that were refused, as events; so many that somebody notices, so few that a flood of them
// buries nothing else. What is left out is counted, and told with the next.
#ifndef ALOHA_SUPERVISOR_ACCESS_REFUSALS_H_
#define ALOHA_SUPERVISOR_ACCESS_REFUSALS_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "supervisor/events.h"

namespace aloha::supervisor {

// Control thread.
class Refusals {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Refusals(Events& events) : events_(events) {}

  // `from`: whose share of the events it is; an address, or who calls.
  void Tell(const std::string& actor, const std::string& method, const std::string& from,
            std::string text, Time now = std::chrono::steady_clock::now());

 private:
  // Tokens come back one in `every`, up to `most`.
  struct Bucket {
    double tokens = 0;
    Time last;
  };
  static bool Take(Bucket& bucket, double most, std::chrono::seconds every, Time now);
  Bucket& BucketOf(const std::string& from, Time now);

  Events& events_;
  Bucket all_;
  bool begun_ = false;
  std::map<std::string, Bucket> by_source_;
  uint64_t untold_ = 0;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ACCESS_REFUSALS_H_
