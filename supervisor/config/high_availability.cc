#include "supervisor/config/high_availability.h"

#include <fmt/format.h>

namespace aloha::supervisor {

using config::v1::HighAvailability;

bool SharesAddresses(const config::v1::Config& config) {
  const auto role = config.high_availability().role();
  return role == HighAvailability::MASTER || role == HighAvailability::BACKUP;
}

uint32_t VrrpVersion(const HighAvailability& ha) {
  if (ha.has_version()) return ha.version();
  return SharesFamily(ha, true) ? 3 : 2;
}

std::vector<Network> VirtualAddressesOf(const HighAvailability& ha, bool v6) {
  std::vector<Network> addresses;
  for (const std::string& text : ha.virtual_address()) {
    const auto network = ParseNetwork(text);
    if (network && network->address.v6 == v6) addresses.push_back(*network);
  }
  return addresses;
}

bool SharesFamily(const HighAvailability& ha, bool v6) {
  return !VirtualAddressesOf(ha, v6).empty();
}

namespace {

// The interface of a network that this configuration sets up, which may not be there yet.
std::string ManagedInterface(const config::v1::Network& network, const Address& address) {
  const auto own = ParseAddress(network.address());
  if (!network.managed() || !network.has_interface() || !own) return {};
  const auto prefix = ParseNetmask(network.netmask(), own->bits());
  if (!prefix || !Network{*own, *prefix}.Contains(address)) return {};
  // As aloha-system names a VLAN.
  return network.has_vlan_id() ? fmt::format("{}.{}", network.interface(), network.vlan_id())
                               : network.interface();
}

}  // namespace

std::string VirtualInterface(const config::v1::Config& config, const ConnectedNetworks& networks,
                             bool v6) {
  const HighAvailability& ha = config.high_availability();
  if (ha.has_interface()) return ha.interface();
  for (const Network& address : VirtualAddressesOf(ha, v6)) {
    // Every interface has the network of link-local addresses.
    if (address.address.IsLinkLocal()) continue;
    std::string interface = ManagedInterface(config.network(), address.address);
    if (interface.empty()) interface = FindInterface(networks, address.address);
    if (!interface.empty()) return interface;
  }
  return {};
}

std::string WhyNoInterface(const HighAvailability& ha, bool v6) {
  const std::vector<Network> addresses = VirtualAddressesOf(ha, v6);
  return fmt::format("name it: no network of this machine has {}",
                     addresses.empty() ? "" : FormatAddress(addresses.front().address));
}

const char* FamilyName(bool v6) { return v6 ? "IPv6" : "IPv4"; }

}  // namespace aloha::supervisor
