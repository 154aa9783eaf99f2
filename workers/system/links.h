// Network interfaces of this machine: what there are, and those made here.
#ifndef ALOHA_WORKERS_SYSTEM_LINKS_H_
#define ALOHA_WORKERS_SYSTEM_LINKS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "workers/runtime/error.h"
#include "workers/system/netlink.h"

namespace aloha::system {

using MacAddress = std::array<uint8_t, 6>;

struct Link {
  std::string name;
  uint32_t index = 0;
  bool enabled = false;  // set up by the administrator
  bool up = false;       // enabled, and it has carrier
  bool loopback = false;
  bool ethernet = false;  // it has a MAC address and neighbours
  MacAddress mac{};
  std::string kind;                     // "vlan", "macvlan" …; empty: a device
  uint32_t parent = 0;                  // index of the interface it lies upon; 0: none
  bool ours = false;                    // made by this program
  std::vector<uint32_t> ipv4_settings;  // by IPV4_DEVCONF_… - 1
};

Result<std::vector<Link>> ReadLinks(Netlink& netlink);
// Null: there is none of that name.
const Link* FindLink(const std::vector<Link>& links, const std::string& name);
const Link* FindLink(const std::vector<Link>& links, uint32_t index);
// An error that says what is missing and how to look: kFailedPrecondition.
tl::unexpected<Error> NoSuchInterface(const std::string& name);

// A second MAC address upon `parent`, for IPv4 or IPv6 alone: it makes no address of its own. It is
// down at first.
Result<> AddMacvlan(Netlink& netlink, const std::string& name, uint32_t parent,
                    const MacAddress& mac);
// The tagged network `id` (IEEE 802.1Q) of `parent`. It is down at first.
Result<> AddVlan(Netlink& netlink, const std::string& name, uint32_t parent, uint16_t id);
Result<> RemoveLink(Netlink& netlink, uint32_t index);
Result<> EnableLink(Netlink& netlink, uint32_t index, bool enable);

// One of the interface's settings below /proc/sys/net/ipv4/conf. setting: IPV4_DEVCONF_….
struct Ipv4Setting {
  uint16_t setting = 0;
  uint32_t value = 0;
};
Result<> SetIpv4Settings(Netlink& netlink, uint32_t index,
                         const std::vector<Ipv4Setting>& settings);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_LINKS_H_
