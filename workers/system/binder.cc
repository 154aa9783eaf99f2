#include "workers/system/binder.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

namespace aloha::system {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::optional<SocketAddress> Parse(const Endpoint& endpoint) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  if (inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(endpoint.port));
    out.length = sizeof(sockaddr_in);
    return out;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  out.storage = {};
  if (inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(endpoint.port));
    out.length = sizeof(sockaddr_in6);
    return out;
  }
  return std::nullopt;
}

bool SetOption(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

// SO_REUSEPORT for the time of one bind: it lets overlapping sockets of this process coexist. Left
// on, it would let a second program of this user share the port unnoticed.
class PortSharing {
 public:
  PortSharing(int socket, std::span<const int> siblings) : socket_(socket), siblings_(siblings) {
    Set(1);
  }
  ~PortSharing() { Set(0); }
  PortSharing(const PortSharing&) = delete;
  PortSharing& operator=(const PortSharing&) = delete;

 private:
  void Set(int value) {
    SetOption(socket_, SOL_SOCKET, SO_REUSEPORT, value);
    for (const int sibling : siblings_) SetOption(sibling, SOL_SOCKET, SO_REUSEPORT, value);
  }

  const int socket_;
  const std::span<const int> siblings_;
};

bool BindAndListen(int socket, const SocketAddress& address) {
  return bind(socket, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0 &&
         listen(socket, kBacklog) == 0;
}

tl::unexpected<Error> Explain(const Endpoint& endpoint, uint32_t unprivileged_port_start,
                              int error) {
  const std::string where = ToString(endpoint);
  switch (error) {
    case EACCES:
    case EPERM:
      return Fail(
          Code::kPermissionDenied,
          fmt::format(
              "bind {}: permission denied: ports below {} need CAP_NET_BIND_SERVICE, which this "
              "process lacks (install the package, start the supervisor as root with --user, or "
              "use "
              "a higher port)",
              where, unprivileged_port_start));
    case EADDRINUSE:
      return Fail(Code::kAlreadyExists, fmt::format("bind {}: address already in use: another "
                                                    "program listens on {}, or on port {} of all "
                                                    "addresses (`ss -ltnp sport = :{}` names it)",
                                                    where, where, endpoint.port, endpoint.port));
    case EAFNOSUPPORT:
      return Fail(Code::kFailedPrecondition,
                  fmt::format("bind {}: this machine has no {}; use another address", where,
                              endpoint.address.find(':') == std::string::npos ? "IPv4" : "IPv6"));
    default:
      return Fail(Code::kFailedPrecondition,
                  fmt::format("bind {}: {}", where, std::strerror(error)));
  }
}

}  // namespace

std::string ToString(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", endpoint.address, v6 ? "]" : "", endpoint.port);
}

Result<UniqueFd> BindListener(const Endpoint& endpoint, std::span<const int> siblings,
                              uint32_t unprivileged_port_start) {
  const std::optional<SocketAddress> address = Parse(endpoint);
  if (!address) {
    return Fail(Code::kInvalidArgument,
                fmt::format("bind {}: not a numeric IPv4 or IPv6 address", ToString(endpoint)));
  }
  if (endpoint.port < 1 || endpoint.port > 65535) {
    return Fail(Code::kInvalidArgument,
                fmt::format("bind {}: ports are 1 to 65535", ToString(endpoint)));
  }
  const int family = address->storage.ss_family;
  UniqueFd listener(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener) return Explain(endpoint, unprivileged_port_start, errno);
  const int fd = listener.get();
  const bool prepared = SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
                        (family == AF_INET ? SetOption(fd, IPPROTO_IP, IP_FREEBIND, 1)
                                           : SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
                                                 SetOption(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1));
  if (!prepared) return Explain(endpoint, unprivileged_port_start, errno);
  if (BindAndListen(fd, *address)) return listener;
  int error = errno;
  if (error == EADDRINUSE && !siblings.empty()) {
    const PortSharing sharing(fd, siblings);
    if (BindAndListen(fd, *address)) return listener;
    error = errno;
  }
  return Explain(endpoint, unprivileged_port_start, error);
}

}  // namespace aloha::system
