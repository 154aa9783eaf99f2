#include "supervisor/roles.h"

#include <array>

namespace aloha::supervisor {
namespace {

constexpr std::array kSystemCapabilities = {
    Capability{"cap_net_bind_service", "listens on ports below 1024"},
    Capability{"cap_net_admin",
               "sets virtual addresses, and the machine's own addresses and routes where they are "
               "managed"},
    Capability{"cap_net_raw", "opens the raw sockets of VRRP and announces addresses"},
};
constexpr std::array kSystemPeers = {
    Peer{"vrrp",
         "hears when to set, remove and announce virtual addresses, also without a supervisor"},
};
constexpr std::array kVrrpPeers = {
    Peer{"system", "has virtual addresses moved, those of the configuration and no others"},
};
constexpr std::array kHealthPeers = {
    Peer{"proxy", "tells which servers are up, within milliseconds and without a supervisor"},
};
constexpr std::array kProxyPeers = {
    Peer{"health", "hears which servers are up"},
    Peer{"tls", "takes connections whose handshake is done, gives those that need one"},
};
constexpr std::array kTlsPeers = {
    Peer{"keys", "has handshakes signed, without ever seeing a private key"},
    Peer{"proxy", "hands connections over once their handshake is done"},
};
constexpr std::array kKeysPeers = {
    Peer{"tls", "signs what has the form of a TLS handshake, and nothing else"},
    Peer{"wui", "the same, for the web interface"},
    Peer{"gateway", "the same, for remote administrators"},
};
constexpr std::array kWuiPeers = {
    Peer{kSupervisorPeer,
         "calls the management API: for its users with their rights, for itself as a monitor"},
    Peer{"keys", "has handshakes signed, without ever seeing a private key"},
};

constexpr std::array kGatewayPeers = {
    Peer{"keys", "has handshakes of remote administrators signed, without seeing a private key"},
    Peer{kSupervisorPeer, "brings the paired node's calls, which a server of their own answers"},
    Peer{kManagementPeer,
         "brings remote administrators' calls, each with whom its certificate "
         "names: with the rights that the configuration gives them"},
};

constexpr std::array kRoles = {
    Role{
        "system", "aloha-system", "system", 1,
        "the only process with capabilities: binds ports and passes the sockets on, sets addresses "
        "and routes; reads nothing from the network",
        kSystemCapabilities, kSystemPeers},
    Role{"keys",
         "aloha-keys",
         "stunnel",
         1,
         "the only process that sees private keys: keeps them and signs with them; has no network",
         {},
         kKeysPeers},
    Role{"health",
         "aloha-health",
         "haproxy",
         1,
         "asks every server whether it serves; connects to servers, accepts nothing, opens no file",
         {},
         kHealthPeers},
    Role{"tls",
         "aloha-tls",
         "stunnel",
         1,
         "does TLS handshakes, where the configuration asks for them, and hands the connections "
         "over; accepts on sockets it was given, has no private key, opens no file",
         {},
         kTlsPeers,
         true,
         Succession::kAfterDrain},
    Role{"proxy",
         "aloha-proxy",
         "haproxy",
         1,
         "carries the sessions between clients and servers; accepts on sockets it was given, binds "
         "none, opens no file",
         {},
         kProxyPeers},
    Role{"wui",
         "aloha-wui",
         "system",
         1,
         "serves the web interface over HTTPS and answers Prometheus, where the configuration asks "
         "for them; accepts on sockets it was given, reaches the supervisor and aloha-keys alone",
         {},
         kWuiPeers,
         true},
    Role{"gateway",
         "aloha-gateway",
         "system",
         1,
         "carries calls of remote administrators, and between this node and the one it is paired "
         "with, by mutual TLS; accepts on sockets it was given, connects to that node alone, opens "
         "no file",
         {},
         kGatewayPeers,
         true},
    Role{"vrrp",
         "aloha-vrrp",
         "vrrp",
         1,
         "agrees with other nodes who has the virtual addresses, where the configuration shares "
         "some; sends and receives on raw sockets it was given, sets no address itself, opens "
         "nothing",
         {},
         kVrrpPeers,
         true,
         Succession::kAfterEnd},
};

}  // namespace

std::span<const Role> Roles() { return kRoles; }

const Role* FindRole(std::string_view name) {
  for (const Role& role : kRoles) {
    if (role.name == name) return &role;
  }
  return nullptr;
}

}  // namespace aloha::supervisor
