// Packets between the supervisor and the keeper, on a SOCK_SEQPACKET pair. Text, one message each.
//
// supervisor to keeper:
//   start\0ARGUMENT\0ARGUMENT…   with two descriptors: control socket, journal (inherited.h)
// keeper to supervisor:
//   ready              root is given up, the capabilities are kept
//   started PID        answers start
//   ended PID STATUS   a worker ended; STATUS as in waitpid(2)
//   failed REASON      the keeper could not begin, or could not start a worker
//
// Both ends come from one installation: the keeper ends with the supervisor that started it.
#ifndef ALOHA_WORKERS_SYSTEM_KEEPER_PROTOCOL_H_
#define ALOHA_WORKERS_SYSTEM_KEEPER_PROTOCOL_H_

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workers/runtime/error.h"

namespace aloha {

struct KeeperReport {
  enum class Kind { kReady, kFailed, kStarted, kEnded };
  Kind kind = Kind::kReady;
  pid_t pid = 0;        // kStarted, kEnded
  int wait_status = 0;  // kEnded
  std::string reason;   // kFailed
};

std::string EncodeReport(const KeeperReport& report);
// kInvalidArgument for what EncodeReport does not make.
Result<KeeperReport> DecodeReport(std::string_view packet);

// arguments: the command line of the worker, without its name. No argument may hold a NUL byte.
std::string EncodeStart(std::span<const std::string> arguments);
// kInvalidArgument for what EncodeStart does not make.
Result<std::vector<std::string>> DecodeStart(std::string_view packet);

}  // namespace aloha

#endif  // ALOHA_WORKERS_SYSTEM_KEEPER_PROTOCOL_H_
