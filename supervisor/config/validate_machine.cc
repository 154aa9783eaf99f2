// Validation of what concerns the machine: management listeners and network.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;

constexpr size_t kLongestInterface = 15;
constexpr size_t kLongestSubject = 512;

template <typename Listener>
void CheckListener(const std::string& path, const Listener& listener, Checker& check) {
  if (listener.has_address()) check.ListenAddress(path + ".address", listener.address());
  if (listener.has_port()) check.Port(path + ".port", listener.port());
  check.Networks(path + ".allow_from", listener.allow_from());
}

// As RFC 2253 has it and OpenSSL prints it: in ASCII, without blanks around "=" and ",".
bool IsSubject(const std::string& text) {
  const bool plain = std::all_of(
      text.begin(), text.end(), [](char character) { return character >= ' ' && character < 127; });
  const size_t equals = text.find('=');
  if (!plain || text.size() > kLongestSubject || equals == std::string::npos || equals == 0 ||
      text.find_first_of(" ,+") < equals)
    return false;
  for (size_t comma = text.find(", "); comma != std::string::npos;
       comma = text.find(", ", comma + 1)) {
    if (comma == 0 || text[comma - 1] != '\\') return false;
  }
  return true;
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
    } else if (!IsSubject(user.subject())) {
      check.Error(user_path + ".subject",
                  fmt::format("{} is not how a subject is written; copy what `openssl x509 -noout "
                              "-subject -nameopt RFC2253 -in FILE` prints, as in \"CN=ops,O=Corp\"",
                              Quote(user.subject())));
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

// Which interface a managed network is on must be beyond doubt.
void CheckInterface(const config::v1::Network& network, Checker& check) {
  const auto& there = check.facts().interfaces;
  const std::string path = "network.interface";
  if (network.has_interface()) {
    check.InterfaceName(path, network.interface());
    const std::string whole = fmt::format("{}.{}", network.interface(), network.vlan_id());
    if (network.has_vlan_id() && whole.size() > kLongestInterface) {
      check.Error("network.vlan_id", fmt::format("the interface of the VLAN would be {}, which is "
                                                 "longer than {} characters",
                                                 Quote(whole), kLongestInterface));
    }
    if (network.managed() && there &&
        std::find(there->begin(), there->end(), network.interface()) == there->end()) {
      check.Warn(path, fmt::format("this machine has no interface {} now; it has {}",
                                   Quote(network.interface()), fmt::join(*there, ", ")));
    }
  } else if (network.managed() && there && there->size() != 1) {
    check.Missing(path, there->empty() ? "this machine has none that could be managed"
                                       : fmt::format("name one of {}", fmt::join(*there, ", ")));
  }
}

void CheckDhcp(const config::v1::Network& network, Checker& check) {
  if (!network.managed() || !network.dhcp()) return;
  const auto warn = [&](bool present, const char* path) {
    if (present) check.Warn(path, "has no effect while the address comes by DHCP");
  };
  warn(network.has_address(), "network.address");
  warn(network.has_netmask(), "network.netmask");
  warn(network.has_gateway(), "network.gateway");
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
  CheckInterface(network, check);
  CheckDhcp(network, check);
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

}  // namespace aloha::supervisor
