// Addresses and routes of this machine's interfaces.
#ifndef ALOHA_WORKERS_SYSTEM_ADDRESSES_H_
#define ALOHA_WORKERS_SYSTEM_ADDRESSES_H_

#include <cstdint>
#include <vector>

#include "workers/runtime/error.h"
#include "workers/system/ip_prefix.h"
#include "workers/system/netlink.h"

namespace aloha::system {

// Marks what the configuration manages, in the kernel's own tables (`ip route` prints "proto 112"),
// so that a later process knows it again. Kernels before 5.18 keep it for routes alone.
inline constexpr uint8_t kManaged = 112;
inline constexpr uint8_t kVirtual = 113;  // a virtual address

struct InterfaceAddress {
  uint32_t index = 0;  // of the interface
  IpPrefix prefix;
  uint8_t protocol = 0;  // kManaged, kVirtual, or who else set it
  bool usable = true;    // not waiting for, or lost in, duplicate address detection

  bool IsLinkLocal() const;
};

Result<std::vector<InterfaceAddress>> ReadAddresses(Netlink& netlink);
// Sets it; one that is there already is fine, whoever set it. at_once: IPv6 without duplicate
// address detection, which would end a takeover while the former master still answers.
Result<> AddAddress(Netlink& netlink, const InterfaceAddress& address, bool at_once);
// One that is not there is fine.
Result<> RemoveAddress(Netlink& netlink, uint32_t index, const IpPrefix& prefix);

// A unicast route of the main table through a router.
struct Route {
  IpPrefix network;  // length 0: the default route
  net::Ip router{};
  uint32_t index = 0;  // of the interface; 0 in a request: the kernel finds it
  uint8_t protocol = 0;
  uint32_t metric = 0;  // as the kernel has it

  bool operator==(const Route&) const = default;
};

// Those through routers; one through several is listed once for each.
Result<std::vector<Route>> ReadRoutes(Netlink& netlink);
// Adds it behind those to the same network: it is used when they are gone. kAlreadyExists: there is
// one like it.
Result<> AddRoute(Netlink& netlink, const Route& route);
// One that is not there is fine.
Result<> RemoveRoute(Netlink& netlink, const Route& route);
// "default via 10.0.1.1", "10.9.0.0/16 via 10.0.1.2".
std::string ToString(const Route& route);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_ADDRESSES_H_
