#include "workers/health/io.h"

#include <sys/socket.h>

#include <cctype>
#include <cerrno>
#include <cstring>

namespace aloha::health {
namespace {

IoResult FromErrno(int error, Io wait) {
  if (error == EAGAIN || error == EINTR) return {wait, 0, {}};
  return {Io::kFailed, 0, ErrnoText(error)};
}

}  // namespace

IoResult SendPlain(int socket, std::string_view bytes) {
  const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return FromErrno(errno, Io::kWaitWrite);
  return {Io::kDone, static_cast<size_t>(sent), {}};
}

IoResult ReceivePlain(int socket, std::span<char> buffer) {
  const ssize_t received = recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0) return FromErrno(errno, Io::kWaitRead);
  if (received == 0) return {Io::kClosed, 0, {}};
  return {Io::kDone, static_cast<size_t>(received), {}};
}

std::string ErrnoText(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
    case EPIPE:
      return "connection reset";
    case ETIMEDOUT:
      return "no answer to the connection attempt";
    case EHOSTUNREACH:
      return "no route to the server";
    case ENETUNREACH:
      return "no route to the network";
    default:
      break;
  }
  std::string text = std::strerror(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace aloha::health
