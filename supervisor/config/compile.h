// From what an administrator edits to what workers run: the third step of the pipeline. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_COMPILE_H_
#define ALOHA_SUPERVISOR_CONFIG_COMPILE_H_

#include <map>
#include <string>
#include <vector>

#include "config/v1/config.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/config/connected_networks.h"
#include "worker/v1/snapshot.pb.h"

namespace aloha::supervisor {

enum class AreaState {
  kDisabled,
  kIncomplete,  // enabled, but without servers: not bound
  kOk,
};
// "DISABLED", "INCOMPLETE", "OK".
const char* AreaStateName(AreaState state);

// One Exchange area and what became of it.
struct CompiledArea {
  std::string name;  // "imap"
  AreaState state = AreaState::kDisabled;
  std::string reason;                 // why it is incomplete, or empty
  std::vector<std::string> services;  // names of its virtual services
};

// What belongs to a managed network beside addresses and routes.
struct MachineSettings {
  std::string hostname;  // empty: the host's business, as with the others
  std::vector<std::string> dns_servers;
  std::vector<std::string> ntp_servers;
  bool operator==(const MachineSettings&) const = default;
};

struct Compiled {
  worker::v1::ProxySnapshot proxy;
  worker::v1::HealthSnapshot health;
  worker::v1::SystemSnapshot system;
  worker::v1::WuiSnapshot wui;  // nothing in it: aloha-wui need not run
  worker::v1::TlsSnapshot tls;  // nothing in it: aloha-tls need not run; without ticket keys
  worker::v1::KeysSnapshot keys;
  worker::v1::GatewaySnapshot gateway;  // no listener: aloha-gateway need not run; without peer
  worker::v1::VrrpSnapshot vrrp;        // nothing in it: aloha-vrrp need not run
  std::map<std::string, std::string> remote_users;  // roles of management.grpc, by subject
  MachineSettings machine;
  bool dhcp = false;                // the address of the managed network comes by DHCP
  std::vector<CompiledArea> areas;  // all five, in the order of the configuration
  // Listeners that are left out until a certificate of theirs is at hand; a sentence each.
  std::vector<std::string> waiting;
  // Why virtual addresses are left out until a network of this machine has them; empty: none is.
  std::string no_interface;
};

// What else the output depends on.
struct CompileInput {
  config::v1::ServerStates states;           // the administrators' wishes about servers
  uint32_t cores = 1;                        // what "one thread per core" means here
  std::string secret;                        // keys cookie values and hashes of Authorization
  std::map<std::string, std::string> pages;  // contents of error pages, by the path of their file
  config::v1::StoredCertificates certificates;
  std::vector<std::string> system_anchors;  // those of the operating system, DER
  ConnectedNetworks networks;               // where virtual addresses may belong
  std::string default_interface;            // managed where the configuration names none
  config::v1::NetworkLease lease;           // without address: none
};

// Compiles a configuration that Validate found no error in. The same input makes the same output,
// byte for byte. An error page whose file is not among `pages` stays the built-in one; left out are
// a listener none of whose certificates is at hand, and virtual addresses without an interface.
Compiled Compile(const config::v1::Config& config, const CompileInput& input);

// The interface that carries the addresses: "eth0", of a VLAN "eth0.12".
std::string InterfaceOf(const worker::v1::ManagedNetwork& network);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_COMPILE_H_
