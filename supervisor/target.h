// What all workers should run.
#ifndef ALOHA_SUPERVISOR_TARGET_H_
#define ALOHA_SUPERVISOR_TARGET_H_

#include <string_view>
#include <vector>

#include "worker/v1/snapshot.pb.h"

namespace aloha::supervisor {

struct Target {
  worker::v1::ProxySnapshot proxy;
  worker::v1::HealthSnapshot health;
  worker::v1::SystemSnapshot system;
  worker::v1::WuiSnapshot wui;
  worker::v1::TlsSnapshot tls;
  worker::v1::KeysSnapshot keys;
  worker::v1::VrrpSnapshot vrrp;
  worker::v1::GatewaySnapshot gateway;

  // The optional role of this name has something to do.
  bool Needs(std::string_view role) const;
  // Takes out whatever needs a handshake: TLS listeners close, and no TLS begins.
  void StopTls();
  // Takes out the virtual addresses: those that are here are given up.
  void StopVrrp();
};

// As aloha-system is asked for it.
worker::v1::Listener PlainListener(const worker::v1::GatewayListener& gateway);

// What the role of this name gets of it; without a generation.
worker::v1::Snapshot SnapshotFor(std::string_view role, const Target& target);

// The listening sockets that a role gets: its own alone.
std::vector<worker::v1::Listener> ListenersOf(std::string_view role, const Target& target);
// The raw sockets that a role gets.
std::vector<worker::v1::VrrpSocket> VrrpSocketsOf(std::string_view role, const Target& target);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_TARGET_H_
