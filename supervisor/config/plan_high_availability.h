// What changes in the addresses that nodes share. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_HIGH_AVAILABILITY_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_HIGH_AVAILABILITY_H_

#include <string>
#include <vector>

#include "worker/v1/vrrp.pb.h"

namespace aloha::supervisor {

// Virtual addresses that come, go and move, and how VRRP speaks for those that stay; a sentence
// each, without the final stop.
std::vector<std::string> HighAvailabilityChanges(const worker::v1::VrrpSnapshot& running,
                                                 const worker::v1::VrrpSnapshot& next);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_HIGH_AVAILABILITY_H_
