// What a change does to remote administrators. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_REMOTE_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_REMOTE_H_

#include <string>
#include <vector>

#include "supervisor/config/compile.h"

namespace aloha::supervisor {

// A sentence for each, without the final stop; that the listener opens or closes is not among them.
std::vector<std::string> RemoteChanges(const Compiled& running, const Compiled& next);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_REMOTE_H_
