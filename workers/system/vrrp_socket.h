// Raw sockets of VRRP (RFC 9568 section 5.1), made for aloha-vrrp.
#ifndef ALOHA_WORKERS_SYSTEM_VRRP_SOCKET_H_
#define ALOHA_WORKERS_SYSTEM_VRRP_SOCKET_H_

#include <cstdint>
#include <string>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/netlink.h"

namespace aloha::system {

inline constexpr int kVrrpProtocol = 112;

// What such a socket is known by.
struct VrrpEndpoint {
  std::string interface;
  bool ipv6 = false;

  auto operator<=>(const VrrpEndpoint&) const = default;
};

// "VRRP over IPv4 on eth0".
std::string ToString(const VrrpEndpoint& endpoint);

// Opens one: non-blocking, close-on-exec, bound to the interface; sends with hop limit 255,
// multicast out of that interface and not back to this machine; receives what is sent to 224.0.0.18
// or ff02::12 there, and tells where packets came in (IP_PKTINFO, IPV6_PKTINFO) and the hop limit
// (IPv6; IPv4 packets arrive with their header).
//
// The error names the endpoint: kPermissionDenied without CAP_NET_RAW, kFailedPrecondition when
// there is no such interface.
Result<UniqueFd> OpenVrrpSocket(Netlink& netlink, const VrrpEndpoint& endpoint);

// Ties the socket to the interface that has the name now, where that is another one than the
// socket's: one that went and came back. Every holder of a duplicate is served. Nothing happens
// while there is no such interface.
Result<> FollowInterface(Netlink& netlink, int socket, const VrrpEndpoint& endpoint);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_VRRP_SOCKET_H_
