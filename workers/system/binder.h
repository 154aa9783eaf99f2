// Listening TCP sockets, made for other processes.
#ifndef ALOHA_WORKERS_SYSTEM_BINDER_H_
#define ALOHA_WORKERS_SYSTEM_BINDER_H_

#include <cstdint>
#include <span>
#include <string>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::system {

// Connections that wait to be accepted; the kernel lowers it to net.core.somaxconn.
inline constexpr int kBacklog = 4096;

struct Endpoint {
  std::string address;  // numeric IPv4 or IPv6; "0.0.0.0" and "::" for any
  uint32_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "127.0.0.1:143", "[::1]:143".
std::string ToString(const Endpoint& endpoint);

// Binds a socket and listens on it: non-blocking, close-on-exec, IPv6 without IPv4, and also on an
// address that is not here yet (a virtual address that another machine holds).
//
// siblings: sockets of the same port that this process holds already and that may overlap with the
// new one, as 0.0.0.0 and 127.0.0.1 do. They do not stand in the way, so that a listener can move
// from one to the other while both are open; a socket of anybody else does.
// unprivileged_port_start: lowest port that needs no capability, for the message.
//
// The error's message names the endpoint, the cause and what to do: kInvalidArgument for what is no
// address or port, kPermissionDenied, kAlreadyExists when the address is in use, else
// kFailedPrecondition.
Result<UniqueFd> BindListener(const Endpoint& endpoint, std::span<const int> siblings,
                              uint32_t unprivileged_port_start);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_BINDER_H_
