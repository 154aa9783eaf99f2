#include "workers/runtime/packet.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

namespace aloha {
namespace {

Error SocketError(const char* act) {
  const int error = errno;
  const Code code = error == EAGAIN || error == ENOBUFS || error == ETOOMANYREFS
                        ? Code::kResourceExhausted
                    : error == EPIPE || error == ECONNRESET || error == ENOTCONN || error == EBADF
                        ? Code::kUnavailable
                        : Code::kInternal;
  return Error{code, std::string(act) + ": " + std::strerror(error), {}};
}

using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(int) * kMaxPacketDescriptors)>;

}  // namespace

Result<> SendPacket(int socket, std::string_view payload, std::span<const int> descriptors) {
  if (descriptors.size() > kMaxPacketDescriptors || payload.size() > kMaxPacketBytes) {
    return Fail(Code::kInvalidArgument, "packet too large");
  }
  // A packet without a byte cannot be told from the end of the connection.
  if (payload.empty()) return Fail(Code::kInvalidArgument, "packet without payload");
  iovec data{const_cast<char*>(payload.data()), payload.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) ControlBuffer control{};
  if (!descriptors.empty()) {
    const size_t bytes = descriptors.size_bytes();
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return tl::make_unexpected(SocketError("send packet"));
  return {};
}

Result<Packet> ReceivePacket(int socket) {
  Packet packet;
  // Most packets are small: only the pages they touch are ever used.
  thread_local std::array<char, kMaxPacketBytes> buffer;
  iovec data{buffer.data(), buffer.size()};
  alignas(cmsghdr) ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t received = 0;
  do {
    received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return tl::make_unexpected(SocketError("receive packet"));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      packet.descriptors.emplace_back(fd);
    }
  }
  if (received == 0) return Fail(Code::kUnavailable, "receive packet: the other end is gone");
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    return Fail(Code::kInvalidArgument, "receive packet: cut off");
  }
  packet.payload.assign(buffer.data(), static_cast<size_t>(received));
  return packet;
}

Result<SocketPair> MakeSocketPair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return FailErrno("socketpair");
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace aloha
