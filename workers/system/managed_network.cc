#include "workers/system/managed_network.h"

#include <fmt/format.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace aloha::system {
namespace {

constexpr size_t kMostNameBytes = 15;  // IFNAMSIZ - 1

tl::unexpected<Error> Wrong(const std::string& field, const std::string& message) {
  return Fail(Code::kInvalidArgument, message, "system.network." + field);
}

IpPrefix DefaultOf(const net::Ip& router) {
  IpPrefix network;
  if (net::IsIpv4(router)) network.ip[10] = network.ip[11] = 0xff;
  return network;
}

// The routes of a plan, with `device` where the kernel could not find the interface by itself.
std::vector<Route> AllRoutes(const NetworkPlan& plan, uint32_t device) {
  std::vector<Route> routes = plan.routes;
  for (Route& route : routes) {
    if (InterfaceAddress{0, {route.router, 128}}.IsLinkLocal()) route.index = device;
  }
  for (const net::Ip& gateway : plan.gateways)
    routes.push_back({DefaultOf(gateway), gateway, device, kManaged});
  return routes;
}

// Whether `present`, of the kernel's table, is what `wanted` asks for.
bool Fulfils(const Route& present, const Route& wanted) {
  return present.network == wanted.network && present.router == wanted.router &&
         (wanted.index == 0 || present.index == wanted.index);
}

Result<> ParseRoutes(const worker::v1::ManagedNetwork& config, NetworkPlan& plan) {
  for (const std::string& text : config.gateways()) {
    const Result<net::Ip> gateway = net::ParseIp(text);
    if (!gateway) return Wrong("gateways", gateway.error().message);
    for (const net::Ip& other : plan.gateways) {
      if (net::IsIpv4(other) == net::IsIpv4(*gateway))
        return Wrong("gateways", "two of one family");
    }
    plan.gateways.push_back(*gateway);
  }
  for (const worker::v1::ManagedRoute& config_route : config.routes()) {
    const Result<IpPrefix> network = ParsePrefix(config_route.network());
    if (!network) return Wrong("routes.network", network.error().message);
    const Result<net::Ip> router = net::ParseIp(config_route.router());
    if (!router) return Wrong("routes.router", router.error().message);
    if (net::IsIpv4(*router) != net::IsIpv4(network->ip))
      return Wrong("routes.router", "of another family than the network");
    plan.routes.push_back({*network, *router, 0, kManaged});
  }
  return {};
}

}  // namespace

std::string NetworkPlan::Device() const {
  return vlan_id == 0 ? interface : fmt::format("{}.{}", interface, vlan_id);
}

Result<NetworkPlan> ParseNetworkPlan(const worker::v1::ManagedNetwork& config) {
  NetworkPlan plan;
  plan.interface = config.interface();
  if (config.vlan_id() > 4094) return Wrong("vlan_id", "1 to 4094, or 0 for none");
  plan.vlan_id = static_cast<uint16_t>(config.vlan_id());
  if (plan.interface.empty()) return Wrong("interface", "no name");
  if (plan.Device().size() > kMostNameBytes)
    return Wrong("interface", fmt::format("\"{}\" is longer than the 15 characters that an "
                                          "interface's name may have",
                                          EscapeForLog(plan.Device())));
  for (const std::string& text : config.addresses()) {
    const Result<IpPrefix> prefix = ParsePrefix(text);
    if (!prefix) return Wrong("addresses", prefix.error().message);
    if (!CanBeAssigned(prefix->ip)) return Wrong("addresses", "not an address of one machine");
    plan.addresses.push_back(*prefix);
  }
  if (auto parsed = ParseRoutes(config, plan); !parsed) return tl::make_unexpected(parsed.error());
  return plan;
}

Result<ManagedNetwork::Tables> ManagedNetwork::ReadTables() {
  Result<std::vector<Link>> links = ReadLinks(netlink_);
  if (!links) return tl::make_unexpected(links.error());
  Result<std::vector<InterfaceAddress>> addresses = ReadAddresses(netlink_);
  if (!addresses) return tl::make_unexpected(addresses.error());
  Result<std::vector<Route>> routes = ReadRoutes(netlink_);
  if (!routes) return tl::make_unexpected(routes.error());
  return Tables{std::move(*links), std::move(*addresses), std::move(*routes)};
}

Result<> ManagedNetwork::Prepare(const std::optional<NetworkPlan>& plan) {
  Abort();
  if (plan) {
    if (auto added = Add(*plan); !added) {
      Abort();
      return Fail(added.error().code, "network: " + added.error().message, "system.network");
    }
  }
  prepared_ = plan;
  return {};
}

void ManagedNetwork::Abort() {
  prepared_.reset();
  while (!undo_.empty()) {
    const auto step = std::move(undo_.back());
    undo_.pop_back();
    Note(step());
  }
}

void ManagedNetwork::Note(const Result<>& done) {
  if (!done) log_.Error("network: " + done.error().message);
}

Result<> ManagedNetwork::Enable(const Link& link) {
  if (link.enabled) return {};
  if (auto enabled = EnableLink(netlink_, link.index, true); !enabled) return enabled;
  undo_.emplace_back([this, index = link.index] { return EnableLink(netlink_, index, false); });
  return {};
}

Result<uint32_t> ManagedNetwork::PrepareDevice(const NetworkPlan& plan, const Tables& tables) {
  const Link* base = FindLink(tables.links, plan.interface);
  if (base == nullptr) return NoSuchInterface(plan.interface);
  if (auto enabled = Enable(*base); !enabled) return tl::make_unexpected(enabled.error());
  if (plan.vlan_id == 0) return base->index;
  const Link* device = FindLink(tables.links, plan.Device());
  Result<std::vector<Link>> links;
  if (device == nullptr) {
    if (auto added = AddVlan(netlink_, plan.Device(), base->index, plan.vlan_id); !added)
      return tl::make_unexpected(added.error());
    links = ReadLinks(netlink_);
    if (!links) return tl::make_unexpected(links.error());
    device = FindLink(*links, plan.Device());
    if (device == nullptr) return NoSuchInterface(plan.Device());
    undo_.emplace_back([this, index = device->index] { return RemoveLink(netlink_, index); });
  }
  if (device->kind != "vlan" || device->parent != base->index) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("interface {} is there already and is no VLAN of {}",
                            EscapeForLog(plan.Device()), EscapeForLog(plan.interface)));
  }
  if (auto enabled = Enable(*device); !enabled) return tl::make_unexpected(enabled.error());
  return device->index;
}

Result<> ManagedNetwork::Add(const NetworkPlan& plan) {
  const Result<Tables> tables = ReadTables();
  if (!tables) return tl::make_unexpected(tables.error());
  const Result<uint32_t> device = PrepareDevice(plan, *tables);
  if (!device) return tl::make_unexpected(device.error());
  for (const IpPrefix& prefix : plan.addresses) {
    const bool present = std::any_of(
        tables->addresses.begin(), tables->addresses.end(), [&](const InterfaceAddress& address) {
          return address.index == *device && address.prefix.ip == prefix.ip &&
                 (address.prefix == prefix || prefix.family() == AF_INET6);
        });
    if (present) continue;  // IPv6 with another length: Commit replaces it
    if (auto added = AddAddress(netlink_, {*device, prefix, kManaged}, /*at_once=*/false); !added)
      return added;
    undo_.emplace_back(
        [this, index = *device, prefix] { return RemoveAddress(netlink_, index, prefix); });
  }
  return AddRoutes(plan, *device, *tables);
}

Result<> ManagedNetwork::AddRoutes(const NetworkPlan& plan, uint32_t device, const Tables& tables) {
  for (const Route& wanted : AllRoutes(plan, device)) {
    const bool present =
        std::any_of(tables.routes.begin(), tables.routes.end(),
                    [&](const Route& r) { return r.protocol == kManaged && Fulfils(r, wanted); });
    if (present) continue;
    const Result<> added = AddRoute(netlink_, wanted);
    if (!added && added.error().code == Code::kAlreadyExists) continue;  // the host's own
    if (!added) return added;
    undo_.emplace_back([this, wanted] { return RemoveRoute(netlink_, wanted); });
  }
  return {};
}

void ManagedNetwork::Commit() {
  undo_.clear();
  const std::optional<NetworkPlan> before =
      std::exchange(running_, std::exchange(prepared_, std::nullopt));
  if (!running_) {
    if (before) HandBack();
    return;
  }
  const Result<Tables> tables = ReadTables();
  const Link* device = tables ? FindLink(tables->links, running_->Device()) : nullptr;
  if (device == nullptr) {
    return Note(tables ? Result<>(NoSuchInterface(running_->Device()))
                       : Result<>(tl::make_unexpected(tables.error())));
  }
  device_ = device->index;
  if (!running_->addresses.empty()) RemoveOld(*running_, device_, *tables);
  // What went with an old address: one of the same network, a route that lay upon it.
  Note(Add(*running_));
  undo_.clear();
  for (const IpPrefix& prefix : running_->addresses) named_.emplace(device_, prefix);
  log_.Info(fmt::format("network: {} addresses and {} routes on {}", running_->addresses.size(),
                        running_->routes.size() + running_->gateways.size(),
                        EscapeForLog(running_->Device())));
}

void ManagedNetwork::RemoveOld(const NetworkPlan& plan, uint32_t device, const Tables& tables) {
  // Else the kernel removes all addresses of a network with the first of them.
  Note(SetIpv4Settings(netlink_, device, {{IPV4_DEVCONF_PROMOTE_SECONDARIES, 1}}));
  for (const InterfaceAddress& address : tables.addresses) {
    const bool wanted = address.index == device &&
                        std::count(plan.addresses.begin(), plan.addresses.end(), address.prefix);
    const bool set_here =
        address.protocol == kManaged || named_.contains({address.index, address.prefix});
    if (set_here && !wanted && !is_virtual_(address.prefix.ip))
      Note(RemoveAddress(netlink_, address.index, address.prefix));
  }
  named_.clear();
  const std::vector<Route> wanted = AllRoutes(plan, device);
  for (const Route& route : tables.routes) {
    const bool kept = std::any_of(wanted.begin(), wanted.end(),
                                  [&](const Route& other) { return Fulfils(route, other); });
    // Another default route of this interface would come first; those that routers announce may
    // stay beside it.
    const bool rival =
        route.network.length == 0 && route.index == device && route.protocol != RTPROT_RA &&
        route.protocol != kManaged &&
        std::any_of(plan.gateways.begin(), plan.gateways.end(),
                    [&](const net::Ip& g) { return net::IsIpv4(g) == net::IsIpv4(route.router); });
    const bool stale = route.protocol == kManaged && !kept;
    // IPv4 keeps a route of the same router twice, IPv6 once.
    const bool shadow = rival && (!kept || route.network.family() == AF_INET);
    if (stale || shadow) Note(RemoveRoute(netlink_, route));
    if (shadow) rivals_.push_back(route);
  }
  for (const Link& link : tables.links) {
    if (link.ours && link.kind == "vlan" && link.index != device)
      Note(RemoveLink(netlink_, link.index));
  }
}

void ManagedNetwork::HandBack() {
  for (const Route& route : std::exchange(rivals_, {})) {
    const Result<> added = AddRoute(netlink_, route);
    if (!added && added.error().code != Code::kAlreadyExists) Note(added);
  }
  const Result<Tables> tables = ReadTables();
  if (!tables) return Note(tl::make_unexpected(tables.error()));
  // Of a family in which the host has no address everything stays: else nobody could reach it.
  const auto has_own = [&](uint8_t family) {
    return std::any_of(tables->addresses.begin(), tables->addresses.end(),
                       [&](const InterfaceAddress& address) {
                         const Link* link = FindLink(tables->links, address.index);
                         return address.prefix.family() == family && link != nullptr &&
                                !link->loopback && !address.IsLinkLocal() &&
                                address.protocol != kManaged && !is_virtual_(address.prefix.ip);
                       });
  };
  const bool ipv4 = has_own(AF_INET), ipv6 = has_own(AF_INET6);
  const auto goes = [&](const auto& entry, const IpPrefix& prefix) {
    return entry.protocol == kManaged && (prefix.family() == AF_INET ? ipv4 : ipv6);
  };
  for (const Route& route : tables->routes) {
    if (goes(route, route.network)) Note(RemoveRoute(netlink_, route));
  }
  std::set<uint32_t> in_use;  // interfaces
  for (const InterfaceAddress& address : tables->addresses) {
    if (goes(address, address.prefix)) {
      Note(RemoveAddress(netlink_, address.index, address.prefix));
    } else if (!address.IsLinkLocal()) {
      in_use.insert(address.index);
    }
  }
  for (const Link& link : tables->links) {
    if (link.ours && link.kind == "vlan" && !in_use.contains(link.index))
      Note(RemoveLink(netlink_, link.index));
  }
}

void ManagedNetwork::OnNetworkChange() {
  if (!running_ || !undo_.empty()) return;
  const Result<std::vector<Link>> links = ReadLinks(netlink_);
  const Link* base = links ? FindLink(*links, running_->interface) : nullptr;
  const Link* device = links ? FindLink(*links, running_->Device()) : nullptr;
  if (base == nullptr || (device != nullptr && device->index == device_)) return;
  log_.Warning(
      fmt::format("network: {} came back; setting it up again", EscapeForLog(running_->interface)));
  const std::optional<NetworkPlan> waiting = prepared_;
  prepared_ = running_;
  const Result<> added = Add(*running_);
  Note(added);
  if (added) {
    Commit();
    prepared_ = waiting;
  } else {
    device_ = device == nullptr ? 0 : device->index;  // not again before something changes
    undo_.clear();
    prepared_ = waiting;
  }
}

}  // namespace aloha::system
