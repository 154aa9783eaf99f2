// The virtual addresses of one router on this machine: setting, removing, announcing them.
#ifndef ALOHA_WORKERS_SYSTEM_VIRTUAL_ROUTER_H_
#define ALOHA_WORKERS_SYSTEM_VIRTUAL_ROUTER_H_

#include <chrono>
#include <string>
#include <vector>

#include "worker/v1/vrrp.pb.h"
#include "workers/runtime/error.h"
#include "workers/system/addresses.h"
#include "workers/system/ip_prefix.h"
#include "workers/system/links.h"
#include "workers/system/netlink.h"

namespace aloha::system {

// What a snapshot says of one router.
struct VirtualRouter {
  std::string name, interface;
  uint32_t vrid = 0;
  bool virtual_mac = false;
  std::chrono::milliseconds keep{0};  // how long addresses stay without aloha-vrrp
  std::vector<IpPrefix> addresses;    // at least one, all of one family

  bool ipv6() const { return addresses.front().family() == AF_INET6; }
  // The interface that has the addresses: `interface`, or with a virtual MAC address one upon it,
  // named as keepalived names it.
  std::string Device() const;
  // RFC 9568 section 7.3.
  MacAddress Mac() const;

  bool operator==(const VirtualRouter&) const = default;
};

// kInvalidArgument with the field of what is wrong.
Result<VirtualRouter> ParseVirtualRouter(const worker::v1::VirtualAddresses& config);

// Sets the addresses; those that are set already are fine. On failure nothing new stays set.
Result<> SetAddresses(Netlink& netlink, const VirtualRouter& router);
// Removes the addresses and the interface that was made for them. Does what it can; the first
// error.
Result<> RemoveAddresses(Netlink& netlink, const VirtualRouter& router);
// Announces those that are set. Does what it can; the first error.
Result<> AnnounceAddresses(Netlink& netlink, int announcer, const VirtualRouter& router);

// The machine's interfaces and addresses at one moment.
struct NetworkState {
  std::vector<Link> links;
  std::vector<InterfaceAddress> addresses;

  bool Has(uint32_t index, const IpPrefix& prefix) const;
  // How many of the router's addresses are set.
  size_t NumSet(const VirtualRouter& router) const;
};
Result<NetworkState> ReadNetworkState(Netlink& netlink);

// For the time that another interface upon this one has a virtual MAC address: keeps it from
// answering for that one's IPv4 addresses with its own MAC address, and from naming them in its own
// requests (IPv6 does neither). Gives the settings that were changed, as they were before.
Result<std::vector<Ipv4Setting>> HushInterface(Netlink& netlink, const Link& link);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_VIRTUAL_ROUTER_H_
