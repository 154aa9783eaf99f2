#include "supervisor/config/plan_high_availability.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <map>

#include "supervisor/config/duration.h"

namespace aloha::supervisor {
namespace {

using worker::v1::VirtualRouter;
using worker::v1::VrrpSnapshot;

// Routers by the virtual addresses they move.
std::map<std::string, const VirtualRouter*> AddressesOf(const VrrpSnapshot& snapshot) {
  std::map<std::string, const VirtualRouter*> addresses;
  for (const VirtualRouter& router : snapshot.routers()) {
    for (const std::string& address : router.addresses()) addresses[address] = &router;
  }
  return addresses;
}

std::string Time(uint64_t milliseconds) {
  return FormatDuration(std::chrono::milliseconds(milliseconds));
}

std::string PeersText(const VirtualRouter& router) {
  if (router.peers().empty()) return "every node (multicast)";
  return fmt::format("{}", fmt::join(router.peers(), ", "));
}

void SettingChanges(const VirtualRouter& old, const VirtualRouter& now,
                    std::vector<std::string>& changes) {
  const auto changed = [&](std::string_view what, const std::string& from, const std::string& to) {
    if (from == to) return;
    changes.push_back(
        fmt::format("VRRP ({}): {} changes from {} to {}", now.name(), what, from, to));
  };
  const auto on = [](bool value) { return std::string(value ? "on" : "off"); };
  changed("version", std::to_string(old.version()), std::to_string(now.version()));
  changed("cluster_id", std::to_string(old.vrid()), std::to_string(now.vrid()));
  changed("priority", std::to_string(old.priority()), std::to_string(now.priority()));
  changed("time between adverts", Time(old.advert_interval_cs() * uint64_t{10}),
          Time(now.advert_interval_cs() * uint64_t{10}));
  changed("taking addresses back", on(old.preempt()), on(now.preempt()));
  changed("delay before that", Time(old.preempt_delay_ms()), Time(now.preempt_delay_ms()));
  changed("virtual MAC address", on(old.virtual_mac()), on(now.virtual_mac()));
  changed("who hears adverts", PeersText(old), PeersText(now));
}

}  // namespace

std::vector<std::string> HighAvailabilityChanges(const VrrpSnapshot& running,
                                                 const VrrpSnapshot& next) {
  std::vector<std::string> changes;
  const auto before = AddressesOf(running), after = AddressesOf(next);
  for (const auto& [address, router] : before) {
    if (after.contains(address)) continue;
    changes.push_back(
        fmt::format("virtual address {} is given up; who is connected to it on this "
                    "node is cut",
                    address));
  }
  for (const auto& [address, router] : after) {
    const auto old = before.find(address);
    if (old == before.end()) {
      changes.push_back(
          fmt::format("virtual address {} moves between the nodes, here on {} with "
                      "priority {}",
                      address, router->interface(), router->priority()));
    } else if (old->second->interface() != router->interface()) {
      changes.push_back(fmt::format("virtual address {} moves from {} to {}", address,
                                    old->second->interface(), router->interface()));
    }
  }
  for (const VirtualRouter& now : next.routers()) {
    for (const VirtualRouter& old : running.routers()) {
      if (old.name() == now.name()) SettingChanges(old, now, changes);
    }
  }
  return changes;
}

}  // namespace aloha::supervisor
