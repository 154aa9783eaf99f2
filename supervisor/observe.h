// Confinement as the kernel shows it, beside what the role table declares. Reads /proc/PID, which
// needs no privilege.
#ifndef ALOHA_SUPERVISOR_OBSERVE_H_
#define ALOHA_SUPERVISOR_OBSERVE_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "admin/v1/admin.pb.h"
#include "supervisor/process.h"

namespace aloha::supervisor {

// One line per measure for a live worker. `privileged`: aloha-system was given capabilities, so
// that it must hold just the declared ones; otherwise it must hold none.
std::vector<admin::v1::Confinement> ObserveWorker(const Process& process, bool privileged);

// The same for the supervisor itself.
std::vector<admin::v1::Confinement> ObserveSupervisor();

struct Usage {
  uint64_t memory_bytes = 0;  // resident and unshared; 0: not readable
  uint64_t cpu_us = 0;
  uint64_t uptime_s = 0;  // since the process started, whoever started it
};
Usage ObserveUsage(pid_t pid);

// Fields of /proc/PID/status or /proc/PID/task/TID/status, by name; empty when the process is gone.
std::map<std::string, std::string> ReadStatus(const std::string& path);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_OBSERVE_H_
