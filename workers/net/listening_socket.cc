#include "workers/net/listening_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace aloha::net {
namespace {

// Connections taken per event: enough to keep up with a burst, few enough that other threads get
// theirs.
constexpr int kAcceptBatch = 4;

Result<int> SocketOption(int fd, int level, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  if (getsockopt(fd, level, option, &value, &length) != 0) return FailErrno("getsockopt");
  return value;
}

}  // namespace

Result<> VerifyListener(int fd, const Address& address) {
  const auto listening = SocketOption(fd, SOL_SOCKET, SO_ACCEPTCONN);
  const auto protocol = SocketOption(fd, SOL_SOCKET, SO_PROTOCOL);
  sockaddr_storage local;
  socklen_t length = sizeof local;
  if (!listening || *listening != 1 || !protocol || *protocol != IPPROTO_TCP ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) != 0) {
    return Fail(Code::kFailedPrecondition, "what was passed for it is not a listening TCP socket");
  }
  if (local.ss_family != AF_INET && local.ss_family != AF_INET6) {
    return Fail(Code::kFailedPrecondition, "what was passed for it is not an internet socket");
  }
  if (const Address bound = Address::FromSockaddr(local); bound != address) {
    return Fail(Code::kFailedPrecondition, "the socket passed for it is bound to " + bound.Text());
  }
  return {};
}

Result<> Acceptor::Resume() {
  if (watching_) return {};
  auto watched = reactor_.WatchListener(socket_->fd.get(), *this);
  watching_ = watched.has_value();
  return watched;
}

void Acceptor::Pause() {
  if (watching_) reactor_.Unwatch(socket_->fd.get());
  watching_ = false;
}

void Acceptor::OnEvents(uint32_t, unsigned) {
  for (int i = 0; i < kAcceptBatch && watching_; ++i) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    UniqueFd client(accept4(socket_->fd.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      OnAccepted(std::move(client), Address::FromSockaddr(peer));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      OnShortage(errno);
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

}  // namespace aloha::net
