// The keeper: `aloha-system --keeper FD --user UID:GID`.
//
// WHAT IT DOES
//   An unprivileged supervisor cannot give capabilities to a worker that has to be started again.
//   When it was started as root, it therefore starts the keeper first, then gives root up for good.
//   The keeper becomes the same user, keeps CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW for
//   what it executes (ambient; it cannot use them itself), and executes one program, the file it
//   was started from, whenever the supervisor asks.
//
// REQUESTS IT SERVES (keeper_protocol.h)
//   start, with the descriptors for the worker, of which it keeps none. Nothing else is read; a
//   packet of another form ends the keeper.
//
// SECURITY
//   It cannot be traced or read by processes of its user (not dumpable, more capabilities than they
//   have). Its bounding set holds the three capabilities alone and no_new_privs is set, so that no
//   exec gains more. It holds one descriptor beside standard input, output and error. It is under
//   neither seccomp nor Landlock: the program that it executes would inherit both, and needs files
//   and executable memory to load before it confines itself. What the keeper runs instead is short:
//   one packet is split at NUL bytes, nothing else is parsed.
//
// WHEN THINGS FAIL
//   When the supervisor ends, the keeper ends at once; the worker lives on and is adopted by the
//   next supervisor. When the keeper is killed, the worker lives on, but another one would come
//   without capabilities until the supervisor is started as root again.
#ifndef ALOHA_WORKERS_SYSTEM_KEEPER_H_
#define ALOHA_WORKERS_SYSTEM_KEEPER_H_

namespace aloha::system {

// The exit code of main: 0 when the supervisor's end closed, 1 on a failure, 2 on wrong usage.
int RunKeeper(int argc, char** argv);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_KEEPER_H_
