#include "supervisor/roles.h"

#include <array>

namespace aloha::supervisor {
namespace {

constexpr std::array kSystemCapabilities = {
    Capability{"cap_net_bind_service", "listens on ports below 1024"},
    Capability{"cap_net_admin", "sets virtual addresses and routes"},
    Capability{"cap_net_raw", "opens the raw sockets of VRRP and announces addresses"},
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
};
constexpr std::array kWuiPeers = {
    Peer{kSupervisorPeer, "reads counters and states through the management API, as a monitor"},
};

constexpr std::array kRoles = {
    Role{"system",
         "aloha-system",
         "system",
         1,
         "the only process with capabilities: binds ports and passes the sockets on; reads nothing "
         "from the network",
         kSystemCapabilities,
         {}},
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
         true},
    Role{"proxy",
         "aloha-proxy",
         "haproxy",
         1,
         "carries the sessions between clients and servers; accepts on sockets it was given, binds "
         "none, opens no file",
         {},
         kProxyPeers},
    Role{
        "wui",
        "aloha-wui",
        "system",
        1,
        "answers Prometheus over HTTP, where the configuration asks for it; accepts on a socket it "
        "was given, reaches the supervisor alone, opens no file",
        {},
        kWuiPeers,
        true},
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
