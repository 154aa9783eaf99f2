// The machine's own addresses and routes, where the configuration manages them.
#ifndef ALOHA_WORKERS_SYSTEM_MANAGED_NETWORK_H_
#define ALOHA_WORKERS_SYSTEM_MANAGED_NETWORK_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "worker/v1/network.pb.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"
#include "workers/system/addresses.h"
#include "workers/system/ip_prefix.h"
#include "workers/system/links.h"
#include "workers/system/netlink.h"

namespace aloha::system {

// What a snapshot says of it.
struct NetworkPlan {
  std::string interface;
  uint16_t vlan_id = 0;
  std::vector<IpPrefix> addresses;
  std::vector<net::Ip> gateways;  // at most one a family
  std::vector<Route> routes;

  // The interface that has the addresses: `interface`, or "eth0.12".
  std::string Device() const;

  bool operator==(const NetworkPlan&) const = default;
};

// kInvalidArgument with the field of what is wrong.
Result<NetworkPlan> ParseNetworkPlan(const worker::v1::ManagedNetwork& config);

// Takes effect in two steps, so that either all workers accept or nothing changes: Prepare adds
// what is new beside what is there, and all that can fail is there; Abort takes it away again;
// Commit removes what is old. A new default route waits behind the old one until then.
class ManagedNetwork {
 public:
  // is_virtual: addresses that are never touched.
  ManagedNetwork(Netlink& netlink, Log& log, std::function<bool(const net::Ip&)> is_virtual)
      : netlink_(netlink), log_(log), is_virtual_(std::move(is_virtual)) {}

  // Undoes an earlier one that was not committed. The error says what the kernel refused; then
  // nothing is changed. Absent: the network is the host's business.
  Result<> Prepare(const std::optional<NetworkPlan>& plan);
  // Removes what an earlier plan set, of this process or another one, and this plan does not name;
  // and other default routes of its interface. Without addresses in the plan what is set stays.
  // Absent after a plan: puts the host's default routes back that plans removed, and removes what
  // plans set if the host has an address of its own. What cannot be removed is logged.
  void Commit();
  void Abort();
  // Sets everything again when the interface went and came back.
  void OnNetworkChange();

 private:
  struct Tables {
    std::vector<Link> links;
    std::vector<InterfaceAddress> addresses;
    std::vector<Route> routes;
  };
  Result<Tables> ReadTables();

  Result<> Add(const NetworkPlan& plan);
  // The index of the plan's device, which is up then.
  Result<uint32_t> PrepareDevice(const NetworkPlan& plan, const Tables& tables);
  Result<> Enable(const Link& link);
  Result<> AddRoutes(const NetworkPlan& plan, uint32_t device, const Tables& tables);
  // Ends what plans did, where the host has addresses of its own.
  void HandBack();
  void RemoveOld(const NetworkPlan& plan, uint32_t device, const Tables& tables);
  void Note(const Result<>& done);

  Netlink& netlink_;
  Log& log_;
  const std::function<bool(const net::Ip&)> is_virtual_;
  std::optional<NetworkPlan> running_, prepared_;
  // What Prepare did, to be undone from the end.
  std::vector<std::function<Result<>()>> undo_;
  // Addresses that plans named, by interface: the memory of kernels that mark none.
  std::set<std::pair<uint32_t, IpPrefix>> named_;
  std::vector<Route> rivals_;  // of the host, removed for the sake of plans
  uint32_t device_ = 0;        // index, as it was at the last commit
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_MANAGED_NETWORK_H_
