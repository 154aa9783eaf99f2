// Confinement of a process: no_new_privs, not dumpable, no capability, Landlock without a
// path but the role's own folders, and a seccomp allow-list that answers EPERM. It is irrevocable,
// and on in every build.
#ifndef ALOHA_WORKERS_RUNTIME_CONFINE_H_
#define ALOHA_WORKERS_RUNTIME_CONFINE_H_

#include <string>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha {

// A system call a role needs beyond the base set, and why.
struct AllowedCall {
  const char* name;
  const char* reason;
};

// A folder that stays within reach, by its descriptor alone: openat, and with `write` renameat and
// unlinkat, work relative to it and with no other. Landlock, where the kernel has it, keeps paths
// that lead out of it from working.
struct AllowedFolder {
  int descriptor = -1;  // open directory; stays the caller's
  bool write = false;   // make, replace and remove files in it; otherwise read alone
};

inline constexpr int kAnyProtocol = -1;

// A kind of socket that the role may make, and why.
struct AllowedSocket {
  int family = 0;  // AF_INET …
  int type = 0;    // SOCK_STREAM …
  const char* reason = "";
  int protocol = kAnyProtocol;
};

// TCP over IPv4 and IPv6. Streams alone: a datagram could carry secrets to anywhere.
std::vector<AllowedSocket> TcpSockets(const char* reason);

struct Confinement {
  // Beyond the base set (memory, threads, epoll, reading, writing and closing what is open; see
  // confine.cc).
  std::vector<AllowedCall> calls;
  // AF_UNIX sockets are allowed to nobody.
  std::vector<AllowedSocket> sockets;
  // Keeps the capabilities that its file or its parent gave (aloha-system alone).
  bool keep_capabilities = false;
  std::vector<AllowedFolder> folders;
};

// One forbidden act that was tried.
struct ConfinementProbe {
  std::string act;
  bool refused = false;
};

struct ConfinementReport {
  int landlock_abi = 0;  // 0: this kernel has none
  std::vector<ConfinementProbe> probes;
};

// Confines the calling process, which must still have one thread, then tries what must be refused.
// An error when a step fails or when a forbidden act succeeded; the process must end then.
Result<ConfinementReport> Confine(const Confinement& confinement);

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_CONFINE_H_
