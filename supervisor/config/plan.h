// What a change would do, told before it is done: the fourth step of the pipeline. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_H_

#include <string>
#include <vector>

#include "supervisor/config/compile.h"

namespace aloha::supervisor {

enum class PlanKind {
  kArea,  // an Exchange area becomes enabled, incomplete or disabled
  kServiceAdded,
  kServiceRemoved,
  kServiceChanged,  // what its sessions and new ones notice, told in the text
  kListenerOpened,
  kListenerClosed,
  kListenerMoved,  // stays open, and belongs to another service or expects PROXY headers from now
                   // on
  kServerAdded,
  kServerRemoved,
  kServerChanged,
  kCheckChanged,
  kHighAvailability,  // virtual addresses
  kTls,               // certificates, versions, and how servers prove themselves
  kNetwork,           // addresses and routes of the machine
  kStickTable,
  kLog,
  kRestart,  // takes effect only after `alohactl service restart`
};
// "service added", "listener closed" …
const char* PlanKindName(PlanKind kind);

struct PlanStep {
  PlanKind kind = PlanKind::kArea;
  std::string service;  // virtual service or area; empty: none
  std::string text;     // one sentence for the administrator, without the final stop
};

// The steps from one to the other, service by service in the order of `next`, what goes first.
// Empty: nothing changes.
std::vector<PlanStep> Plan(const Compiled& running, const Compiled& next);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_H_
