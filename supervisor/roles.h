// The process table: which workers exist, what each may do, and why. Read this first.
#ifndef ALOHA_SUPERVISOR_ROLES_H_
#define ALOHA_SUPERVISOR_ROLES_H_

#include <span>
#include <string_view>

namespace aloha::supervisor {

// A capability (capabilities(7)) a role holds, and why.
struct Capability {
  std::string_view name;
  std::string_view reason;
};

// The peer of workers that may call the supervisor: it serves them its management API on a second
// channel, for reading alone.
inline constexpr std::string_view kSupervisorPeer = "supervisor";

// The same for aloha-gateway, whose kSupervisorPeer is a server of its own that answers the paired
// node: remote administrators' calls come here.
inline constexpr std::string_view kManagementPeer = "management";

// Whether it is the supervisor itself.
constexpr bool IsSupervisor(std::string_view peer) {
  return peer == kSupervisorPeer || peer == kManagementPeer;
}

// A direct channel to another process, beside the one on which the supervisor calls the worker, and
// why.
struct Peer {
  std::string_view role;
  std::string_view reason;
};

// How a fresh process takes over from an old one that still runs.
enum class Succession {
  kOverlap,     // the old one drains while the fresh one serves
  kAfterDrain,  // peers know one process of it at a time: the old one drains first
  kAfterEnd,    // the old one ends first, without draining, which would give up what it stands for
};

// One row of the table. What is declared here is compared with what is observed of the live process
// (see observe.h); the role's system calls stand in its own main.cc, each with its reason.
struct Role {
  std::string_view name;     // "proxy"
  std::string_view binary;   // "aloha-proxy"
  std::string_view service;  // of the four that users see: "haproxy"
  int count;                 // processes
  std::string_view reason;   // why it exists, and what it may do
  std::span<const Capability> capabilities;
  std::span<const Peer> peers;
  bool optional = false;  // runs only where the configuration asks for it
  Succession succession = Succession::kOverlap;
};

// All roles, in the order in which they start; they stop in the reverse order.
std::span<const Role> Roles();

// nullptr for an unknown name.
const Role* FindRole(std::string_view name);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ROLES_H_
