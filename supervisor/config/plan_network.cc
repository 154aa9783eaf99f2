#include "supervisor/config/plan_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

using worker::v1::ManagedNetwork;

template <typename List>
std::string ListText(const List& list) {
  return list.empty() ? "none" : fmt::format("{}", fmt::join(list, ", "));
}

std::string AddressesText(const Compiled& compiled) {
  const auto& addresses = compiled.system.network().addresses();
  if (!compiled.dhcp) return ListText(addresses);
  return addresses.empty() ? "by DHCP" : fmt::format("{} by DHCP", ListText(addresses));
}

std::set<std::string> RoutesOf(const ManagedNetwork& network) {
  std::set<std::string> routes;
  for (const auto& route : network.routes()) {
    routes.insert(fmt::format("{} by {}", route.network(), route.router()));
  }
  return routes;
}

class Collector {
 public:
  Collector(const Compiled& running, const Compiled& next) : running_(running), next_(next) {}

  std::vector<std::string> Run() {
    const ManagedNetwork& old = running_.system.network();
    const ManagedNetwork& now = next_.system.network();
    if (!next_.system.has_network()) {
      if (running_.system.has_network()) {
        Add("{} is the host's business from now on", InterfaceOf(old));
      }
      return std::move(texts_);
    }
    if (!running_.system.has_network()) {
      Add("{} is managed from now on, with address {} and gateway {}", InterfaceOf(now),
          AddressesText(next_), ListText(now.gateways()));
    } else {
      Changed("interface", InterfaceOf(old), InterfaceOf(now));
      Changed("address", AddressesText(running_), AddressesText(next_));
      Changed("gateway", ListText(old.gateways()), ListText(now.gateways()));
    }
    Routes(RoutesOf(old), RoutesOf(now));
    const MachineSettings &was = running_.machine, &will = next_.machine;
    if (!will.hostname.empty() && was.hostname != will.hostname) {
      Add("the host name becomes {}", will.hostname);
    }
    Changed("the list of DNS servers", ListText(was.dns_servers), ListText(will.dns_servers));
    Changed("the list of time servers", ListText(was.ntp_servers), ListText(will.ntp_servers));
    return std::move(texts_);
  }

 private:
  template <typename... Parts>
  void Add(fmt::format_string<Parts...> text, Parts&&... parts) {
    texts_.push_back(fmt::format(text, std::forward<Parts>(parts)...));
  }

  void Changed(const char* what, const std::string& from, const std::string& to) {
    if (from != to) Add("{} changes from {} to {}", what, from, to);
  }

  void Routes(const std::set<std::string>& old, const std::set<std::string>& now) {
    for (const std::string& route : old) {
      if (!now.contains(route)) Add("route to {} is removed", route);
    }
    for (const std::string& route : now) {
      if (!old.contains(route)) Add("route to {} is set", route);
    }
  }

  const Compiled& running_;
  const Compiled& next_;
  std::vector<std::string> texts_;
};

}  // namespace

std::vector<std::string> NetworkChanges(const Compiled& running, const Compiled& next) {
  return Collector(running, next).Run();
}

bool MayCutOff(const Compiled& running, const Compiled& next) {
  return running.system.has_network() != next.system.has_network() ||
         PrintText(running.system.network()) != PrintText(next.system.network());
}

}  // namespace aloha::supervisor
