// The machine's own addresses and what belongs to them, from the area "network". Nothing of it
// where the host manages itself.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"

namespace aloha::supervisor {
namespace {

// Validation found the mask to be one.
std::string WithPrefix(const std::string& address, const std::string& netmask) {
  const auto parsed = ParseAddress(address);
  if (!parsed) return address;
  const auto prefix = ParseNetmask(netmask, parsed->bits());
  return fmt::format("{}/{}", FormatAddress(*parsed), prefix.value_or(parsed->bits()));
}

// One of the addresses is in a network with the router.
bool Reaches(const worker::v1::ManagedNetwork& network, const std::string& router) {
  const auto address = ParseAddress(router);
  return address && std::any_of(network.addresses().begin(), network.addresses().end(),
                                [&address](const std::string& text) {
                                  const auto own = ParseNetwork(text);
                                  return own && own->Contains(*address);
                                });
}

template <typename List>
std::vector<std::string> Canonical(const List& addresses) {
  std::vector<std::string> list;
  for (const std::string& address : addresses) list.push_back(CanonicalAddress(address));
  return list;
}

}  // namespace

std::string InterfaceOf(const worker::v1::ManagedNetwork& network) {
  if (network.vlan_id() == 0) return network.interface();
  return fmt::format("{}.{}", network.interface(), network.vlan_id());
}

void Compilation::AddNetwork() {
  const auto& network = config.network();
  const std::string& interface =
      network.has_interface() ? network.interface() : input_.default_interface;
  if (!network.managed() || interface.empty()) return;
  worker::v1::ManagedNetwork* to = out.system.mutable_network();
  to->set_interface(interface);
  to->set_vlan_id(network.vlan_id());
  out.machine.hostname = network.hostname();
  out.machine.dns_servers = Canonical(network.dns_server());
  out.machine.ntp_servers = Canonical(network.ntp_server());
  if (network.dhcp()) {
    out.dhcp = true;
    AddLease(to);
  } else {
    to->add_addresses(WithPrefix(network.address(), network.netmask()));
    if (network.has_gateway()) to->add_gateways(CanonicalAddress(network.gateway()));
  }
  for (const auto& route : network.static_route()) {
    // What the lease's network does not reach would only be refused.
    if (network.dhcp() && !Reaches(*to, route.router())) continue;
    worker::v1::ManagedRoute* added = to->add_routes();
    added->set_network(WithPrefix(route.network(), route.netmask()));
    added->set_router(CanonicalAddress(route.router()));
  }
}

// What DHCP said, where the configuration says nothing itself.
void Compilation::AddLease(worker::v1::ManagedNetwork* to) {
  const auto& lease = input_.lease;
  if (lease.address().empty() || lease.interface() != InterfaceOf(*to)) return;
  to->add_addresses(lease.address());
  if (!lease.router().empty()) to->add_gateways(lease.router());
  if (out.machine.dns_servers.empty()) out.machine.dns_servers = Canonical(lease.dns_server());
  if (out.machine.ntp_servers.empty()) out.machine.ntp_servers = Canonical(lease.ntp_server());
}

}  // namespace aloha::supervisor
