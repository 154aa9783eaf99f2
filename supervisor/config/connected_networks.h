// The networks that this machine's interfaces are connected to, as the kernel's routing tables name
// them.
#ifndef ALOHA_SUPERVISOR_CONFIG_CONNECTED_NETWORKS_H_
#define ALOHA_SUPERVISOR_CONFIG_CONNECTED_NETWORKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/config/address.h"

namespace aloha::supervisor {

struct ConnectedNetwork {
  Network network;
  std::string interface;
};
using ConnectedNetworks = std::vector<ConnectedNetwork>;

// Those of /proc/net/route and /proc/net/ipv6_route (proc(5)), whose contents are the arguments.
// Left out: routes by way of a router, the loopback interface, and the interfaces that aloha-system
// makes for virtual MAC addresses.
ConnectedNetworks ParseRoutes(std::string_view ipv4, std::string_view ipv6);

// Those of this machine now.
ConnectedNetworks ReadConnectedNetworks();

// The interface whose network has the address, the narrowest where several have; empty: none.
std::string FindInterface(const ConnectedNetworks& networks, const Address& address);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_CONNECTED_NETWORKS_H_
