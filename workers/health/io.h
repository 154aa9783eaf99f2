// One step of I/O on a socket that does not block, plain or through TLS, and how its failures read.
#ifndef ALOHA_WORKERS_HEALTH_IO_H_
#define ALOHA_WORKERS_HEALTH_IO_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace aloha::health {

enum class Io {
  kDone,
  kWaitRead,   // try again when the socket is readable
  kWaitWrite,  // … or writable
  kClosed,     // the other side ended its stream
  kFailed,
};

struct IoResult {
  Io io = Io::kDone;
  size_t bytes = 0;   // sent or received
  std::string error;  // with kFailed: "connection refused"
};

// Sends on a TCP socket. With no bytes it tells whether the connection stands: kWaitWrite while it
// is being made, kFailed when it was refused.
IoResult SendPlain(int socket, std::string_view bytes);
IoResult ReceivePlain(int socket, std::span<char> buffer);

// "connection refused" for ECONNREFUSED, and so on; the system's text in lower case for what is
// rare.
std::string ErrnoText(int error);

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_IO_H_
