#include "workers/system/virtual_router.h"

#include <fmt/format.h>
#include <linux/ip.h>

#include <algorithm>

#include "workers/runtime/log.h"
#include "workers/system/announcement.h"

namespace aloha::system {
namespace {

constexpr size_t kMostNameBytes = 15;  // IFNAMSIZ - 1
constexpr std::chrono::milliseconds kLeastKeep{1'000};
constexpr uint64_t kMostKeepMs = 3'600'000;

Result<> CheckNames(const worker::v1::VirtualAddresses& config) {
  if (config.router().empty()) return Fail(Code::kInvalidArgument, "no name", "router");
  if (config.interface().empty() || config.interface().size() > kMostNameBytes)
    return Fail(Code::kInvalidArgument, "1 to 15 characters", "interface");
  if (config.vrid() < 1 || config.vrid() > 255)
    return Fail(Code::kInvalidArgument, "1 to 255", "vrid");
  if (config.keep_ms() > kMostKeepMs)
    return Fail(Code::kInvalidArgument, "at most 3,600,000", "keep_ms");
  if (config.addresses().empty()) return Fail(Code::kInvalidArgument, "none", "addresses");
  return {};
}

// The interface with the addresses; made where the router has a MAC address of its own. made: set
// when it was.
Result<Link> EnsureDevice(Netlink& netlink, const VirtualRouter& router, bool& made) {
  Result<std::vector<Link>> links = ReadLinks(netlink);
  if (!links) return tl::make_unexpected(links.error());
  const Link* base = FindLink(*links, router.interface);
  if (base == nullptr) return NoSuchInterface(router.interface);
  if (!router.virtual_mac) return *base;
  const uint32_t base_index = base->index;  // the links are read anew below
  const Link* device = FindLink(*links, router.Device());
  if (device == nullptr) {
    auto added = AddMacvlan(netlink, router.Device(), base_index, router.Mac());
    if (!added) return tl::make_unexpected(added.error());
    made = true;
    links = ReadLinks(netlink);
    if (!links) return tl::make_unexpected(links.error());
    device = FindLink(*links, router.Device());
    if (device == nullptr) return NoSuchInterface(router.Device());
  }
  if (device->kind != "macvlan" || device->parent != base_index || device->mac != router.Mac()) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("interface {} is there already and is another one than VRRP needs: "
                            "remove it (`ip link delete {}`)",
                            router.Device(), router.Device()));
  }
  return *device;
}

// Up, and open for what arrives there and is answered by way of the interface below.
Result<> OpenDevice(Netlink& netlink, const VirtualRouter& router, const Link& device) {
  if (!router.virtual_mac) return {};
  // arp_ignore 1: answers for its own addresses alone; 8: for none. rp_filter 2: the sender may be
  // behind another interface.
  const std::vector<Ipv4Setting> settings =
      router.ipv6()
          ? std::vector<Ipv4Setting>{{IPV4_DEVCONF_ARP_IGNORE, 8}}
          : std::vector<Ipv4Setting>{{IPV4_DEVCONF_ARP_IGNORE, 1}, {IPV4_DEVCONF_RP_FILTER, 2}};
  if (auto set = SetIpv4Settings(netlink, device.index, settings); !set) return set;
  return EnableLink(netlink, device.index, true);
}

}  // namespace

std::string VirtualRouter::Device() const {
  if (!virtual_mac) return interface;
  return fmt::format("{}.{}", ipv6() ? "vrrp6" : "vrrp", vrid);
}

MacAddress VirtualRouter::Mac() const {
  return {0x00, 0x00, 0x5e, 0x00, static_cast<uint8_t>(ipv6() ? 2 : 1), static_cast<uint8_t>(vrid)};
}

Result<VirtualRouter> ParseVirtualRouter(const worker::v1::VirtualAddresses& config) {
  if (auto checked = CheckNames(config); !checked) return tl::make_unexpected(checked.error());
  VirtualRouter router{config.router(),
                       config.interface(),
                       config.vrid(),
                       config.virtual_mac(),
                       std::max(kLeastKeep, std::chrono::milliseconds(config.keep_ms())),
                       {}};
  for (const std::string& text : config.addresses()) {
    const Result<IpPrefix> prefix = ParsePrefix(text);
    if (!prefix) return Fail(Code::kInvalidArgument, prefix.error().message, "addresses");
    if (!CanBeAssigned(prefix->ip))
      return Fail(Code::kInvalidArgument, "not an address of one machine", "addresses");
    router.addresses.push_back(*prefix);
    if (prefix->family() != router.addresses.front().family())
      return Fail(Code::kInvalidArgument, "of two families", "addresses");
  }
  return router;
}

Result<> SetAddresses(Netlink& netlink, const VirtualRouter& router) {
  bool made = false;
  const Result<Link> device = EnsureDevice(netlink, router, made);
  Result<> done =
      device ? OpenDevice(netlink, router, *device) : Result<>(tl::make_unexpected(device.error()));
  const Result<NetworkState> before = ReadNetworkState(netlink);
  if (done && !before) done = tl::make_unexpected(before.error());
  for (size_t i = 0; done && i < router.addresses.size(); ++i) {
    done = AddAddress(netlink, {device->index, router.addresses[i], kVirtual}, /*at_once=*/true);
  }
  if (done) return {};
  if (made) {
    (void)RemoveAddresses(netlink, router);
  } else if (device && before) {
    for (const IpPrefix& prefix : router.addresses) {
      if (!before->Has(device->index, prefix)) (void)RemoveAddress(netlink, device->index, prefix);
    }
  }
  return done;
}

Result<> RemoveAddresses(Netlink& netlink, const VirtualRouter& router) {
  const Result<std::vector<Link>> links = ReadLinks(netlink);
  if (!links) return tl::make_unexpected(links.error());
  const Link* device = FindLink(*links, router.Device());
  if (device == nullptr) return {};  // and the addresses with it
  Result<> first;
  for (const IpPrefix& prefix : router.addresses) {
    const Result<> removed = RemoveAddress(netlink, device->index, prefix);
    if (first) first = removed;
  }
  if (router.virtual_mac && device->ours) {
    const Result<> removed = RemoveLink(netlink, device->index);
    if (first) first = removed;
  }
  return first;
}

Result<> AnnounceAddresses(Netlink& netlink, int announcer, const VirtualRouter& router) {
  const Result<NetworkState> state = ReadNetworkState(netlink);
  if (!state) return tl::make_unexpected(state.error());
  const Link* device = FindLink(state->links, router.Device());
  if (device == nullptr || !device->up || !device->ethernet) return {};  // nobody could hear it
  Result<> first;
  for (const IpPrefix& prefix : router.addresses) {
    if (!state->Has(device->index, prefix)) continue;
    const Result<> sent =
        SendFrame(announcer, device->index, MakeAnnouncement(device->mac, prefix.ip));
    if (first) first = sent;
  }
  return first;
}

bool NetworkState::Has(uint32_t index, const IpPrefix& prefix) const {
  return std::any_of(addresses.begin(), addresses.end(), [&](const InterfaceAddress& address) {
    return address.index == index && address.prefix == prefix;
  });
}

size_t NetworkState::NumSet(const VirtualRouter& router) const {
  const Link* device = FindLink(links, router.Device());
  if (device == nullptr) return 0;
  return static_cast<size_t>(
      std::count_if(router.addresses.begin(), router.addresses.end(),
                    [&](const IpPrefix& prefix) { return Has(device->index, prefix); }));
}

Result<NetworkState> ReadNetworkState(Netlink& netlink) {
  Result<std::vector<Link>> links = ReadLinks(netlink);
  if (!links) return tl::make_unexpected(links.error());
  Result<std::vector<InterfaceAddress>> addresses = ReadAddresses(netlink);
  if (!addresses) return tl::make_unexpected(addresses.error());
  return NetworkState{std::move(*links), std::move(*addresses)};
}

Result<std::vector<Ipv4Setting>> HushInterface(Netlink& netlink, const Link& link) {
  // arp_ignore 1: answers for addresses of its own alone. arp_announce 2: names one of its own.
  const std::vector<Ipv4Setting> wanted = {{IPV4_DEVCONF_ARP_IGNORE, 1},
                                           {IPV4_DEVCONF_ARP_ANNOUNCE, 2}};
  std::vector<Ipv4Setting> changed, before;
  for (const Ipv4Setting& setting : wanted) {
    const size_t place = setting.setting - 1U;
    const uint32_t value = place < link.ipv4_settings.size() ? link.ipv4_settings[place] : 0;
    if (value >= setting.value) continue;
    changed.push_back(setting);
    before.push_back({setting.setting, value});
  }
  if (changed.empty()) return before;
  if (auto set = SetIpv4Settings(netlink, link.index, changed); !set)
    return tl::make_unexpected(set.error());
  return before;
}

}  // namespace aloha::system
