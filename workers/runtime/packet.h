// Packets with descriptors on SOCK_SEQPACKET sockets (unix(7), SCM_RIGHTS).
#ifndef ALOHA_WORKERS_RUNTIME_PACKET_H_
#define ALOHA_WORKERS_RUNTIME_PACKET_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha {

// Most descriptors in one packet; the kernel's own limit is 253.
inline constexpr int kMaxPacketDescriptors = 64;
// Most payload bytes in one packet.
inline constexpr int kMaxPacketBytes = 64 * 1024;

struct Packet {
  std::string payload;
  std::vector<UniqueFd> descriptors;
};

// Sends one packet without blocking. The descriptors stay the caller's; the receiver gets
// duplicates. kResourceExhausted: the socket's buffer is full; kUnavailable: the other end is gone.
Result<> SendPacket(int socket, std::string_view payload, std::span<const int> descriptors = {});

// Receives one packet without blocking; descriptors arrive close-on-exec.
// kResourceExhausted: nothing waits; kUnavailable: the other end is gone; kInvalidArgument: the
// packet was cut off (too many bytes or descriptors), what came with it is closed.
Result<Packet> ReceivePacket(int socket);

struct SocketPair {
  UniqueFd ours, theirs;
};
// A connected AF_UNIX pair, close-on-exec, non-blocking. type: SOCK_STREAM or SOCK_SEQPACKET.
Result<SocketPair> MakeSocketPair(int type);

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_PACKET_H_
