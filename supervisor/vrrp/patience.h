// When haproxy's troubles are those of the virtual addresses: what passes in a moment is not worth
// moving them, and who failed is not trusted at once. Pure: time comes in as an argument.
#ifndef ALOHA_SUPERVISOR_VRRP_PATIENCE_H_
#define ALOHA_SUPERVISOR_VRRP_PATIENCE_H_

#include <chrono>

#include "supervisor/services.h"

namespace aloha::supervisor {

class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using State = Services::Serving::State;

  // A process may be away so long: its listening sockets are kept, and a fresh one comes.
  static constexpr std::chrono::milliseconds kPassing{1'000};
  // Who failed must have been well so long.
  static constexpr std::chrono::milliseconds kTrust{10'000};

  // All was well before somebody could look.
  void Assume() {
    hinders_ = failed_ = false;
    last_ = State::kOk;
  }
  // What hinders is a failure, not a wish or a start.
  bool failed() const { return failed_; }
  // Notes the state. True: this node should not have the addresses.
  bool See(State state, Time now);

 private:
  // Nobody was well yet.
  bool hinders_ = true;
  bool failed_ = false;
  State last_ = State::kPassing;
  Time since_;  // of `last_`
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_VRRP_PATIENCE_H_
