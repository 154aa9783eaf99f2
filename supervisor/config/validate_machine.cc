// Validation of what concerns the machine: management listeners, network, high availability.
#include <fmt/format.h>

#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HighAvailability;
using namespace std::chrono_literals;

template <typename Listener>
void CheckListener(const std::string& path, const Listener& listener, Checker& check) {
  if (listener.has_address()) check.ListenAddress(path + ".address", listener.address());
  if (listener.has_port()) check.Port(path + ".port", listener.port());
  check.Networks(path + ".allow_from", listener.allow_from());
}

void CheckGrpc(const config::v1::GrpcListener& grpc, Checker& check) {
  const std::string path = "management.grpc";
  CheckListener(path, grpc, check);
  if (!grpc.enabled()) return;
  if (grpc.has_certificate()) check.Certificate(path + ".certificate", grpc.certificate());
  if (grpc.has_ca()) {
    check.TrustAnchor(path + ".ca", grpc.ca());
  } else {
    check.Missing(path + ".ca", "name the trust anchor that signs the clients' certificates");
  }
  if (grpc.user().empty()) check.Missing(path + ".user", "without users nobody may call");
  std::set<std::string> subjects;
  for (int i = 0; i < grpc.user_size(); ++i) {
    const auto& user = grpc.user(i);
    const std::string user_path = IndexPath(path + ".user", i);
    if (user.subject().empty()) {
      check.Missing(user_path + ".subject", "the subject of the certificate, as in \"CN=ops\"");
    } else if (!subjects.insert(user.subject()).second) {
      check.Error(user_path + ".subject",
                  fmt::format("{} is listed twice; keep one", Quote(user.subject())));
    }
    if (!user.has_role()) check.Missing(user_path + ".role", "use ADMIN, OPERATOR or MONITOR");
  }
}

void CheckRoute(const std::string& path, const config::v1::StaticRoute& route, Checker& check) {
  if (!route.has_network()) check.Missing(path + ".network", "the address of a network");
  if (!route.has_netmask()) check.Missing(path + ".netmask", "as in \"255.255.0.0\"");
  if (!route.has_router()) check.Missing(path + ".router", "the address of a router");
  const auto network =
      route.has_network() ? check.ListenAddress(path + ".network", route.network()) : std::nullopt;
  const auto router =
      route.has_router() ? check.HostAddress(path + ".router", route.router()) : std::nullopt;
  if (network && router && network->v6 != router->v6) {
    check.Error(path + ".router", "the network and its router are not both IPv4 or both IPv6");
  }
  if (!network || !route.has_netmask()) return;
  const auto prefix = ParseNetmask(route.netmask(), network->bits());
  if (!prefix) {
    check.Error(path + ".netmask",
                fmt::format("{} is not a netmask; write it as in \"255.255.0.0\" or \"16\"",
                            Quote(route.netmask())));
  } else if (const Network whole{*network, *prefix}; !whole.IsCanonical()) {
    check.Error(path + ".network",
                fmt::format("{} has bits set beyond its netmask; did you mean \"{}\"?",
                            Quote(route.network()), FormatAddress(whole.Base())));
  }
}

// Address, netmask and gateway must fit together.
void CheckAddressing(const config::v1::Network& network, Checker& check) {
  const std::string path = "network";
  const auto address = network.has_address()
                           ? check.HostAddress(path + ".address", network.address())
                           : std::nullopt;
  const auto gateway = network.has_gateway()
                           ? check.HostAddress(path + ".gateway", network.gateway())
                           : std::nullopt;
  if (network.has_address() && !network.has_netmask()) {
    check.Missing(path + ".netmask", "as in \"255.255.0.0\"");
  }
  if (!network.has_netmask()) return;
  const auto prefix = ParseNetmask(network.netmask(), address ? address->bits() : 32);
  if (!prefix || *prefix == 0) {
    check.Error(path + ".netmask",
                fmt::format("{} is not a netmask; write it as in \"255.255.0.0\" or \"16\"",
                            Quote(network.netmask())));
    return;
  }
  if (!address) return;
  const Network whole{*address, *prefix};
  if (!address->v6 && *prefix < 31 && whole.Base() == *address) {
    check.Error(path + ".address", fmt::format("{} is the address of the network itself; choose "
                                               "one inside it",
                                               Quote(network.address())));
  }
  if (gateway && *gateway == *address) {
    check.Error(path + ".gateway", "is the machine's own address; name the router's");
  } else if (gateway && !whole.Contains(*gateway)) {
    check.Error(path + ".gateway",
                fmt::format("{} is not in the network of {}/{}; mend one of the three",
                            Quote(network.gateway()), network.address(), *prefix));
  }
}

// Virtual addresses: written well, each once, of one family. True when they are IPv6.
bool CheckVirtualAddresses(const HighAvailability& ha, Checker& check) {
  const std::string path = "high_availability.virtual_address";
  std::set<Address> seen;
  for (int i = 0; i < ha.virtual_address_size(); ++i) {
    const std::string& text = ha.virtual_address(i);
    const auto network = ParseNetwork(text);
    if (!network || network->address.IsWildcard() || network->address.IsMulticast()) {
      check.Error(IndexPath(path, i), fmt::format("{} is not an address that can move; write it as "
                                                  "in \"192.168.0.253\" or \"192.168.0.253/24\"",
                                                  Quote(text)));
    } else if (!seen.insert(network->address).second) {
      check.Error(IndexPath(path, i), fmt::format("{} is listed twice; keep one", Quote(text)));
    } else if (network->address.v6 != seen.begin()->v6) {
      check.Error(IndexPath(path, i),
                  fmt::format("{} and the others are not all IPv4 or all IPv6; VRRP needs one "
                              "cluster for each",
                              Quote(text)));
    }
  }
  return !seen.empty() && seen.begin()->v6;
}

void CheckVrrp(const HighAvailability& ha, bool v6, Checker& check) {
  const std::string path = "high_availability";
  uint32_t version = v6 ? 3 : 2;
  if (ha.has_version()) {
    version = ha.version();
    check.Number(path + ".version", version, 2, 3);
    if (v6 && version == 2) check.Error(path + ".version", "2 has no IPv6; use 3");
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
  for (int i = 0; i < ha.peer_size(); ++i) {
    check.HostAddress(IndexPath(path + ".peer", i), ha.peer(i));
  }
}

}  // namespace

void ValidateManagement(const Config& config, Checker& check) {
  const auto& management = config.management();
  CheckListener("management.web", management.web(), check);
  if (management.web().enabled() && management.web().has_certificate()) {
    check.Certificate("management.web.certificate", management.web().certificate());
  }
  CheckGrpc(management.grpc(), check);
  CheckListener("management.metrics", management.metrics(), check);
}

void ValidateNetwork(const Config& config, Checker& check) {
  if (!config.has_network()) return;
  const auto& network = config.network();
  if (network.has_hostname()) check.HostName("network.hostname", network.hostname());
  if (network.has_interface()) check.InterfaceName("network.interface", network.interface());
  if (network.managed() && !network.dhcp() && !network.has_address()) {
    check.Missing("network.address", "a managed network needs an address, or dhcp");
  }
  CheckAddressing(network, check);
  if (network.has_vlan_id()) check.Number("network.vlan_id", network.vlan_id(), 1, 4094);
  for (int i = 0; i < network.static_route_size(); ++i) {
    CheckRoute(IndexPath("network.static_route", i), network.static_route(i), check);
  }
  for (int i = 0; i < network.dns_server_size(); ++i) {
    check.HostAddress(IndexPath("network.dns_server", i), network.dns_server(i));
  }
  for (int i = 0; i < network.ntp_server_size(); ++i) {
    const std::string path = IndexPath("network.ntp_server", i);
    if (!ParseAddress(network.ntp_server(i))) check.HostName(path, network.ntp_server(i));
  }
}

void ValidateHighAvailability(const Config& config, Checker& check) {
  if (!config.has_high_availability()) return;
  const HighAvailability& ha = config.high_availability();
  const std::string path = "high_availability";
  if (!ha.has_role()) check.Missing(path + ".role", "use DISABLED, MASTER or BACKUP");
  const bool v6 = CheckVirtualAddresses(ha, check);
  CheckVrrp(ha, v6, check);
  if (ha.has_cluster_id()) check.Number(path + ".cluster_id", ha.cluster_id(), 1, 255);
  if (ha.role() != HighAvailability::MASTER && ha.role() != HighAvailability::BACKUP) return;
  if (ha.virtual_address().empty()) {
    check.Missing(path + ".virtual_address", "the address that moves between the nodes");
  }
  if (!ha.has_cluster_id()) {
    check.Missing(path + ".cluster_id", "1 to 255, the same on both nodes");
  }
  const auto own = ParseAddress(config.network().address());
  for (int i = 0; own && i < ha.virtual_address_size(); ++i) {
    const auto network = ParseNetwork(ha.virtual_address(i));
    if (network && network->address == *own) {
      check.Error(IndexPath(path + ".virtual_address", i),
                  fmt::format("{} is network.address, which stays with this node; choose another",
                              Quote(ha.virtual_address(i))));
    }
  }
}

}  // namespace aloha::supervisor
