// The capabilities of aloha-system (capabilities(7)).
#ifndef ALOHA_WORKERS_SYSTEM_CAPABILITIES_H_
#define ALOHA_WORKERS_SYSTEM_CAPABILITIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha::system {

// What of its three capabilities the process was given, and what it would need them for.
struct Privileges {
  bool bind_service = false;                // CAP_NET_BIND_SERVICE, in effect
  bool net_admin = false;                   // CAP_NET_ADMIN
  bool net_raw = false;                     // CAP_NET_RAW
  uint32_t unprivileged_port_start = 1024;  // ports below it need the former
};

// Raises CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW to effective as far as they are
// permitted, and gives every other capability up for good; nothing stays inheritable or ambient.
// Reads /proc, so before confinement. Having none of them is not an error.
Result<Privileges> RaiseCapabilities();

// What cannot be done for want of a capability; empty: nothing.
std::vector<std::string> Limitations(const Privileges& privileges);

// "it needs CAP_NET_RAW, which this process lacks (install …)": what to do about it.
std::string NeedsCapability(const char* name);

// For the keeper, as root: becomes the user and keeps the three capabilities, as far as root has
// them, permitted, inheritable and ambient, but not effective: a program it executes has them, it
// cannot use them itself. Gives up every other capability, also from the bounding set; no later
// exec can gain any (no_new_privs).
Result<> KeepCapabilitiesForExec(uint32_t uid, uint32_t gid);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_CAPABILITIES_H_
