// What changes in the machine's own addresses. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_NETWORK_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_NETWORK_H_

#include <string>
#include <vector>

#include "supervisor/config/compile.h"

namespace aloha::supervisor {

// One sentence for each difference, without the final stop: addresses, routes, host name, DNS and
// time servers.
std::vector<std::string> NetworkChanges(const Compiled& running, const Compiled& next);

// Addresses or routes differ: who manages the machine from afar may lose it.
bool MayCutOff(const Compiled& running, const Compiled& next);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_NETWORK_H_
