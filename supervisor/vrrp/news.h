// What of a state of aloha-vrrp is worth an event. Pure.
#ifndef ALOHA_SUPERVISOR_VRRP_NEWS_H_
#define ALOHA_SUPERVISOR_VRRP_NEWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/events.h"
#include "worker/v1/vrrp.pb.h"

namespace aloha::supervisor {

struct VrrpNews {
  Event::Severity severity = Event::INFO;
  std::string router;
  std::string text;
  // The state that was entered; empty: no transition.
  std::string entered;
};

// "FAULT", "BACKUP", "MASTER".
std::string VrrpStateName(worker::v1::VirtualRouterState::State state);

// What happened from `before` to `now`, oldest first: transitions, other masters, troubles with
// addresses. A router that `before` has not tells its transitions after `told_until_us`
// (microseconds since 1970-01-01 UTC).
std::vector<VrrpNews> NewsOf(const worker::v1::VrrpState& before, const worker::v1::VrrpState& now,
                             int64_t told_until_us);

// What is wrong with the virtual addresses, in one sentence without the final stop; empty: nothing.
std::string TroubleOf(const worker::v1::VrrpState& state);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_VRRP_NEWS_H_
