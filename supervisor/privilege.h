// How the supervisor becomes unprivileged, and how aloha-system gets its capabilities all the same.
#ifndef ALOHA_SUPERVISOR_PRIVILEGE_H_
#define ALOHA_SUPERVISOR_PRIVILEGE_H_

#include <sys/types.h>

#include <string>

#include "supervisor/options.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {

struct Privilege {
  UniqueFd keeper;       // socket to the keeper; empty without one
  pid_t keeper_pid = 0;  // 0 without one
  bool trial = false;    // the person who tries it, not a service's own user, is who runs this
};

// Where aloha-keys keeps private keys.
std::string KeyFolder(const Options& options);

// Makes the state and run folders; as root hands them to the user, starts the keeper and becomes
// the user for good. Before any thread. The folder of private keys belongs to the user that
// aloha-keys runs as: its own where it is installed setuid, else the same.
Result<Privilege> SettlePrivilege(const Options& options);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PRIVILEGE_H_
