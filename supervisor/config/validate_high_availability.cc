// Validation of high availability.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/high_availability.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;
using namespace std::chrono_literals;

constexpr char kArea[] = "high_availability";
constexpr char kVirtualAddress[] = "high_availability.virtual_address";
// An advert names no more (RFC 9568 section 5.2.5 would allow 255).
constexpr int kMostAddresses = 20;

// Virtual addresses: written well, each once, not too many.
void CheckVirtualAddresses(const HighAvailability& ha, Checker& check) {
  std::set<Address> seen;
  int count[2] = {};  // IPv4, IPv6
  for (int i = 0; i < ha.virtual_address_size(); ++i) {
    const std::string path = IndexPath(kVirtualAddress, i);
    const std::string& text = ha.virtual_address(i);
    const auto network = ParseNetwork(text);
    if (!network || network->address.IsWildcard() || network->address.IsMulticast()) {
      check.Error(path, fmt::format("{} is not an address that can move; write it as "
                                    "in \"192.168.0.253\" or \"192.168.0.253/24\"",
                                    Quote(text)));
    } else if (!seen.insert(network->address).second) {
      check.Error(path, fmt::format("{} is listed twice; keep one", Quote(text)));
    } else if (++count[network->address.v6 ? 1 : 0] == kMostAddresses + 1) {
      check.Error(path, fmt::format("more than {} {} addresses; leave some out", kMostAddresses,
                                    FamilyName(network->address.v6)));
    }
  }
}

void CheckVrrp(const HighAvailability& ha, Checker& check) {
  const std::string path = kArea;
  const uint32_t version = VrrpVersion(ha);
  if (ha.has_version()) {
    check.Number(path + ".version", version, 2, 3);
    if (version == 2 && SharesFamily(ha, true)) {
      check.Error(path + ".version", "2 has no IPv6; use 3");
    }
  }
  if (ha.has_advert_interval()) {
    const auto interval =
        check.Duration(path + ".advert_interval", ha.advert_interval(),
                       version == 2 ? 1000ms : 10ms, version == 2 ? 255'000ms : 40'950ms);
    if (interval && version == 2 && interval->count() % 1000 != 0) {
      check.Error(path + ".advert_interval",
                  fmt::format("{} is not whole seconds, which VRRP version 2 needs; use version 3",
                              Quote(ha.advert_interval())));
    } else if (interval && interval->count() % 10 != 0) {
      check.Error(path + ".advert_interval",
                  fmt::format("{} is not whole hundredths of a second, which VRRP needs",
                              Quote(ha.advert_interval())));
    }
  }
  if (ha.has_preempt_delay()) check.Duration(path + ".preempt_delay", ha.preempt_delay(), 0ms, 1h);
  if (ha.has_priority()) check.Number(path + ".priority", ha.priority(), 1, 254);
  if (ha.has_interface()) check.InterfaceName(path + ".interface", ha.interface());
  if (ha.has_link_address()) check.ListenAddress(path + ".link_address", ha.link_address());
  if (ha.has_link_port()) check.Port(path + ".link_port", ha.link_port());
}

// Peers are other nodes, and each family of virtual addresses has some or none.
void CheckPeers(const Config& config, Checker& check) {
  const HighAvailability& ha = config.high_availability();
  const std::string path = "high_availability.peer";
  const auto own = ParseAddress(config.network().address());
  std::set<Address> seen;
  for (int i = 0; i < ha.peer_size(); ++i) {
    const auto peer = check.HostAddress(IndexPath(path, i), ha.peer(i));
    if (!peer) continue;
    const std::string quoted = Quote(ha.peer(i));
    const auto virtual_addresses = VirtualAddressesOf(ha, peer->v6);
    if (!seen.insert(*peer).second) {
      check.Error(IndexPath(path, i), fmt::format("{} is listed twice; keep one", quoted));
    } else if (own && *peer == *own) {
      check.Error(IndexPath(path, i),
                  fmt::format("{} is network.address, this node itself; name the other", quoted));
    } else if (std::any_of(virtual_addresses.begin(), virtual_addresses.end(),
                           [&](const Network& n) { return n.address == *peer; })) {
      check.Error(IndexPath(path, i),
                  fmt::format("{} is a virtual address; name that of the other node", quoted));
    } else if (virtual_addresses.empty() && !ha.virtual_address().empty()) {
      check.Warn(IndexPath(path, i), fmt::format("{} hears no adverts: no virtual address is {}",
                                                 quoted, FamilyName(peer->v6)));
    }
  }
  for (const bool v6 : {false, true}) {
    const bool none =
        std::none_of(seen.begin(), seen.end(), [&](const Address& peer) { return peer.v6 == v6; });
    if (!seen.empty() && none && SharesFamily(ha, v6)) {
      check.Warn(path, fmt::format("no {0} address of a peer: adverts for the virtual {0} "
                                   "addresses go by multicast",
                                   FamilyName(v6)));
    }
  }
}

// Without `interface`, a network of this machine must tell where the addresses belong.
void CheckInterface(const Config& config, Checker& check) {
  const Facts& facts = check.facts();
  if (!facts.networks || facts.may_come) return;
  const HighAvailability& ha = config.high_availability();
  for (const bool v6 : {false, true}) {
    if (!SharesFamily(ha, v6) || !VirtualInterface(config, *facts.networks, v6).empty()) continue;
    check.Missing("high_availability.interface", WhyNoInterface(ha, v6));
  }
}

}  // namespace

void ValidateHighAvailability(const Config& config, Checker& check) {
  if (!config.has_high_availability()) return;
  const HighAvailability& ha = config.high_availability();
  const std::string path = kArea;
  if (!ha.has_role()) check.Missing(path + ".role", "use DISABLED, MASTER or BACKUP");
  CheckVirtualAddresses(ha, check);
  CheckVrrp(ha, check);
  CheckPeers(config, check);
  if (ha.has_cluster_id()) check.Number(path + ".cluster_id", ha.cluster_id(), 1, 255);
  if (!SharesAddresses(config)) return;
  if (ha.virtual_address().empty()) {
    check.Missing(kVirtualAddress, "the address that moves between the nodes");
  }
  if (!ha.has_cluster_id()) {
    check.Missing(path + ".cluster_id", "1 to 255, the same on both nodes");
  }
  CheckInterface(config, check);
  const auto own = ParseAddress(config.network().address());
  for (int i = 0; own && i < ha.virtual_address_size(); ++i) {
    const auto network = ParseNetwork(ha.virtual_address(i));
    if (network && network->address == *own) {
      check.Error(IndexPath(kVirtualAddress, i),
                  fmt::format("{} is network.address, which stays with this node; choose another",
                              Quote(ha.virtual_address(i))));
    }
  }
}

}  // namespace aloha::supervisor
