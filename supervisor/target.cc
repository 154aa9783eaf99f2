#include "supervisor/target.h"

#include <algorithm>

namespace aloha::supervisor {
namespace v1 = worker::v1;

bool Target::Needs(std::string_view role) const {
  if (role == "wui") return wui.has_metrics() || wui.has_web();
  if (role == "tls") return tls.listeners_size() > 0 || tls.servers_size() > 0;
  if (role == "vrrp") return vrrp.routers_size() > 0;
  if (role == "gateway") return gateway.has_listener() || gateway.has_management();
  return true;
}

void Target::StopTls() {
  const auto close = [](google::protobuf::RepeatedPtrField<v1::Listener>* listeners) {
    listeners->erase(std::remove_if(listeners->begin(), listeners->end(),
                                    [](const v1::Listener& listener) { return listener.tls(); }),
                     listeners->end());
  };
  close(system.mutable_listeners());
  for (v1::VirtualService& service : *proxy.mutable_services()) close(service.mutable_listeners());
  tls.clear_listeners();
  tls.clear_servers();
  tls.clear_certificates();
}

void Target::StopVrrp() {
  vrrp.Clear();
  system.clear_virtual_addresses();
  system.clear_vrrp_sockets();
}

v1::Listener PlainListener(const v1::GatewayListener& gateway) {
  v1::Listener listener;
  listener.set_address(gateway.address());
  listener.set_port(gateway.port());
  return listener;
}

v1::Snapshot SnapshotFor(std::string_view role, const Target& target) {
  v1::Snapshot snapshot;
  if (role == "proxy") *snapshot.mutable_proxy() = target.proxy;
  if (role == "health") *snapshot.mutable_health() = target.health;
  if (role == "system") *snapshot.mutable_system() = target.system;
  if (role == "wui") *snapshot.mutable_wui() = target.wui;
  if (role == "tls") *snapshot.mutable_tls() = target.tls;
  if (role == "keys") *snapshot.mutable_keys() = target.keys;
  if (role == "vrrp") *snapshot.mutable_vrrp() = target.vrrp;
  if (role == "gateway") *snapshot.mutable_gateway() = target.gateway;
  return snapshot;
}

// The listening sockets that a role gets: its own alone.
std::vector<v1::Listener> ListenersOf(std::string_view role, const Target& target) {
  std::vector<v1::Listener> listeners;
  if (role == "system") {
    listeners.assign(target.system.listeners().begin(), target.system.listeners().end());
  } else if (role == "wui") {
    if (target.wui.has_web()) listeners.push_back(target.wui.web().listener());
    if (target.wui.has_metrics()) listeners.push_back(target.wui.metrics().listener());
  } else if (role == "gateway") {
    const v1::GatewaySnapshot& gateway = target.gateway;
    if (gateway.has_listener()) listeners.push_back(PlainListener(gateway.listener()));
    if (gateway.has_management())
      listeners.push_back(PlainListener(gateway.management().listener()));
  } else if (role == "proxy" || role == "tls") {
    for (const v1::VirtualService& service : target.proxy.services()) {
      for (const v1::Listener& listener : service.listeners()) {
        if (listener.tls() == (role == "tls")) listeners.push_back(listener);
      }
    }
  }
  return listeners;
}

std::vector<v1::VrrpSocket> VrrpSocketsOf(std::string_view role, const Target& target) {
  if (role != "system" && role != "vrrp") return {};
  return {target.system.vrrp_sockets().begin(), target.system.vrrp_sockets().end()};
}

}  // namespace aloha::supervisor
