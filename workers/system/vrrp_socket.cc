#include "workers/system/vrrp_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include "workers/runtime/log.h"
#include "workers/system/capabilities.h"
#include "workers/system/links.h"

namespace aloha::system {
namespace {

constexpr int kReceiveBytes = 256 * 1024;
constexpr int kHopLimit = 255;
constexpr int kControlPriority = 7;  // TC_PRIO_CONTROL

bool Set(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

// All that does not depend on the interface.
bool SetUp(int socket, bool ipv6) {
  if (!Set(socket, SOL_SOCKET, SO_RCVBUF, kReceiveBytes) ||
      !Set(socket, SOL_SOCKET, SO_PRIORITY, kControlPriority)) {
    return false;
  }
  if (ipv6) {
    return Set(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kHopLimit) &&
           Set(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHopLimit) &&
           Set(socket, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
           Set(socket, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) &&
           Set(socket, IPPROTO_IPV6, IPV6_TCLASS, IPTOS_PREC_INTERNETCONTROL) &&
           Set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           Set(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
  return Set(socket, IPPROTO_IP, IP_TTL, kHopLimit) &&
         Set(socket, IPPROTO_IP, IP_MULTICAST_TTL, kHopLimit) &&
         Set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, 0) &&
         Set(socket, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
         Set(socket, IPPROTO_IP, IP_TOS, IPTOS_PREC_INTERNETCONTROL) &&
         Set(socket, IPPROTO_IP, IP_PKTINFO, 1);
}

// Joins the group of VRRP there, or leaves it, and sends multicast from there on.
bool SetGroup(int socket, bool ipv6, uint32_t index, bool join) {
  // aloha-vrrp may have joined already.
  const auto fine = [join](int done) { return done == 0 || (join && errno == EADDRINUSE); };
  if (ipv6) {
    ipv6_mreq group{};
    inet_pton(AF_INET6, "ff02::12", &group.ipv6mr_multiaddr);
    group.ipv6mr_interface = index;
    return fine(setsockopt(socket, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &group,
                           sizeof(group))) &&
           (!join || Set(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(index)));
  }
  ip_mreqn group{};
  inet_pton(AF_INET, "224.0.0.18", &group.imr_multiaddr);
  group.imr_ifindex = static_cast<int>(index);
  if (!fine(setsockopt(socket, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &group,
                       sizeof(group)))) {
    return false;
  }
  group.imr_multiaddr.s_addr = 0;
  return !join || setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) == 0;
}

// 0: to none.
uint32_t BoundTo(int socket) {
  int index = 0;
  socklen_t size = sizeof(index);
  if (getsockopt(socket, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size) != 0) return 0;
  return static_cast<uint32_t>(index);
}

tl::unexpected<Error> Explain(const VrrpEndpoint& endpoint, int error) {
  if (error == EPERM || error == EACCES) {
    return Fail(Code::kPermissionDenied,
                fmt::format("{}: permission denied: {}", ToString(endpoint),
                            NeedsCapability("CAP_NET_RAW")));
  }
  return Fail(Code::kFailedPrecondition,
              fmt::format("{}: {}", ToString(endpoint), std::strerror(error)));
}

Result<> BindTo(int socket, const VrrpEndpoint& endpoint, uint32_t index) {
  if (const uint32_t before = BoundTo(socket); before != 0) {
    SetGroup(socket, endpoint.ipv6, before, /*join=*/false);  // fails when that interface is gone
  }
  if (!Set(socket, SOL_SOCKET, SO_BINDTOIFINDEX, static_cast<int>(index)) ||
      !SetGroup(socket, endpoint.ipv6, index, /*join=*/true)) {
    return Explain(endpoint, errno);
  }
  return {};
}

}  // namespace

std::string ToString(const VrrpEndpoint& endpoint) {
  return fmt::format("VRRP over {} on {}", endpoint.ipv6 ? "IPv6" : "IPv4",
                     EscapeForLog(endpoint.interface));
}

Result<UniqueFd> OpenVrrpSocket(Netlink& netlink, const VrrpEndpoint& endpoint) {
  const Result<std::vector<Link>> links = ReadLinks(netlink);
  if (!links) return tl::make_unexpected(links.error());
  const Link* link = FindLink(*links, endpoint.interface);
  if (link == nullptr) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("{}: {}", ToString(endpoint),
                            NoSuchInterface(endpoint.interface).value().message));
  }
  UniqueFd socket(::socket(endpoint.ipv6 ? AF_INET6 : AF_INET,
                           SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, kVrrpProtocol));
  if (!socket) return Explain(endpoint, errno);
  if (auto bound = BindTo(socket.get(), endpoint, link->index); !bound)
    return tl::make_unexpected(bound.error());
  if (!SetUp(socket.get(), endpoint.ipv6)) return Explain(endpoint, errno);
  return socket;
}

Result<> FollowInterface(Netlink& netlink, int socket, const VrrpEndpoint& endpoint) {
  const Result<std::vector<Link>> links = ReadLinks(netlink);
  if (!links) return tl::make_unexpected(links.error());
  const Link* link = FindLink(*links, endpoint.interface);
  if (link == nullptr || link->index == BoundTo(socket)) return {};
  return BindTo(socket, endpoint, link->index);
}

}  // namespace aloha::system
