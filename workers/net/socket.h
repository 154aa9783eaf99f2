// Options of TCP sockets.
#ifndef ALOHA_WORKERS_NET_SOCKET_H_
#define ALOHA_WORKERS_NET_SOCKET_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace aloha::net {

// What is written goes out at once, even while what came before is not acknowledged. Sockets
// accepted from a listening one inherit it.
inline void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// The first bytes that come are acknowledged with the answer to them, and the end of the handshake
// with the request, instead of by packets of their own. Only where this side speaks next; inherited
// like the above.
inline void DelayAcknowledgement(int fd) {
  const int off = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_SOCKET_H_
