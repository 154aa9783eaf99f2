// Compilation of high availability: a virtual router for each address family in use.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/high_availability.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using config::v1::HighAvailability;
using namespace std::chrono_literals;

constexpr uint32_t kMasterPriority = 150;
constexpr uint32_t kBackupPriority = 100;

// How long aloha-system keeps the addresses without aloha-vrrp: about as long as the other nodes
// wait for adverts, and long enough for a process to be started again.
std::chrono::milliseconds KeepTime(std::chrono::milliseconds advert_interval) {
  return std::max<std::chrono::milliseconds>(3 * advert_interval, 1s);
}

void CompileFamily(Compilation& compilation, bool v6, const std::string& interface) {
  const HighAvailability& ha = compilation.config.high_availability();
  const auto interval = ParseDuration(ha.advert_interval()).value_or(1s);
  worker_v1::VirtualRouter* router = compilation.out.vrrp.add_routers();
  worker_v1::VirtualAddresses* known = compilation.out.system.add_virtual_addresses();
  router->set_name(v6 ? "ipv6" : "ipv4");
  router->set_interface(interface);
  router->set_version(VrrpVersion(ha));
  router->set_vrid(ha.cluster_id());
  router->set_priority(ha.has_priority()                       ? ha.priority()
                       : ha.role() == HighAvailability::MASTER ? kMasterPriority
                                                               : kBackupPriority);
  router->set_advert_interval_cs(static_cast<uint32_t>(interval / 10ms));
  router->set_preempt(!ha.has_preempt() || ha.preempt());
  router->set_preempt_delay_ms(ParseDuration(ha.preempt_delay()).value_or(0ms).count());
  router->set_virtual_mac(ha.virtual_mac());
  for (const Network& network : VirtualAddressesOf(ha, v6)) {
    const std::string address = FormatAddress(network.address);
    router->add_addresses(address);
    known->add_addresses(fmt::format("{}/{}", address, network.prefix));
  }
  for (const std::string& text : ha.peer()) {
    const auto peer = ParseAddress(text);
    if (peer && peer->v6 == v6) router->add_peers(FormatAddress(*peer));
  }
  known->set_router(router->name());
  known->set_interface(interface);
  known->set_vrid(router->vrid());
  known->set_virtual_mac(router->virtual_mac());
  known->set_keep_ms(KeepTime(interval).count());
  worker_v1::VrrpSocket* socket = compilation.out.system.add_vrrp_sockets();
  socket->set_interface(interface);
  socket->set_ipv6(v6);
}

}  // namespace

void CompileHighAvailability(Compilation& compilation) {
  const config::v1::Config& config = compilation.config;
  if (!SharesAddresses(config)) return;
  for (const bool v6 : {false, true}) {
    if (!SharesFamily(config.high_availability(), v6)) continue;
    const std::string interface = VirtualInterface(config, compilation.networks(), v6);
    if (!interface.empty()) {
      CompileFamily(compilation, v6, interface);
    } else if (compilation.out.no_interface.empty()) {
      compilation.out.no_interface = fmt::format("high_availability.interface: {}",
                                                 WhyNoInterface(config.high_availability(), v6));
    }
  }
}

}  // namespace aloha::supervisor
