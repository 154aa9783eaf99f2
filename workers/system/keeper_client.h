// The supervisor's side of the keeper (see keeper.h). The supervisor waits for the socket itself.
#ifndef ALOHA_WORKERS_SYSTEM_KEEPER_CLIENT_H_
#define ALOHA_WORKERS_SYSTEM_KEEPER_CLIENT_H_

#include <sys/types.h>

#include <span>
#include <string>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/keeper_protocol.h"

namespace aloha {

// Starts `binary --keeper` and waits until it has given root up and belongs to the user, at most 10
// s. For a process with root's privileges and one thread. Answers the socket to it, non-blocking
// and close-on-exec; *pid is the keeper, a child of the caller, which reaps it. Closing the socket
// ends the keeper, not the worker. kPermissionDenied when the caller is not root;
// kFailedPrecondition with the keeper's reason.
Result<UniqueFd> StartKeeper(const std::string& binary, uid_t uid, gid_t gid, pid_t* pid);

// Asks for a fresh aloha-system with these as descriptors 3 and 4 (see inherited.h) and these
// arguments. Both stay the caller's. The answer arrives as a report, kStarted or kFailed. Errors as
// SendPacket.
Result<> SendStart(int keeper, int control, int journal, std::span<const std::string> arguments);

// The next report. Errors as ReceivePacket: kResourceExhausted when none waits, kUnavailable when
// the keeper is gone.
Result<KeeperReport> ReceiveReport(int keeper);

}  // namespace aloha

#endif  // ALOHA_WORKERS_SYSTEM_KEEPER_CLIENT_H_
