// A listening socket on a free port, and a client.
#ifndef ALOHA_TESTS_UNIT_WUI_LISTENER_H_
#define ALOHA_TESTS_UNIT_WUI_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <utility>

#include "workers/runtime/unique_fd.h"

namespace aloha::wui {

// On 127.0.0.1; the port beside it.
inline std::pair<UniqueFd, uint16_t> Listen() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  bind(fd.get(), name, length);
  listen(fd.get(), 128);
  getsockname(fd.get(), name, &length);
  return {std::move(fd), ntohs(address.sin_port)};
}

inline UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  const timeval patience{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return fd;
}

// Sends and reads until the other side ends.
inline std::string Exchange(const UniqueFd& client, const std::string& request) {
  send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = recv(client.get(), buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  return answer;
}

}  // namespace aloha::wui

#endif  // ALOHA_TESTS_UNIT_WUI_LISTENER_H_
