#include "supervisor/vrrp/patience.h"

#include <utility>

namespace aloha::supervisor {

bool Patience::See(State state, Time now) {
  if (std::exchange(last_, state) != state) since_ = now;
  switch (state) {
    case State::kOk:
      if (!failed_ || now - since_ >= kTrust) hinders_ = failed_ = false;
      break;
    case State::kPassing:
      if (!hinders_ && now - since_ >= kPassing) hinders_ = failed_ = true;
      break;
    case State::kStopped:
      hinders_ = true;
      failed_ = false;
      break;
    case State::kFailed:
      hinders_ = failed_ = true;
      break;
  }
  return hinders_;
}

}  // namespace aloha::supervisor
