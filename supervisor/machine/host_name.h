// What this machine is called now.
#ifndef ALOHA_SUPERVISOR_MACHINE_HOST_NAME_H_
#define ALOHA_SUPERVISOR_MACHINE_HOST_NAME_H_

#include <string>

namespace aloha::supervisor {

// Escaped; "unknown" where the system does not tell.
std::string HostName();

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_MACHINE_HOST_NAME_H_
