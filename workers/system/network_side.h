// What aloha-system does to the network beside opening sockets: virtual addresses for aloha-vrrp,
// managed addresses and routes, and telling what changes.
#ifndef ALOHA_WORKERS_SYSTEM_NETWORK_SIDE_H_
#define ALOHA_WORKERS_SYSTEM_NETWORK_SIDE_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/log.h"
#include "workers/system/link_watch.h"
#include "workers/system/managed_network.h"
#include "workers/system/netlink.h"
#include "workers/system/virtual_addresses.h"
#include "workers/system/vrrp_channel.h"
#include "workers/system/vrrp_socket.h"

namespace aloha::system {

// All calls on the loop's thread.
//
// Addresses outlive what moves them, for a while: with no channel to aloha-vrrp for as long as the
// snapshot says (keep_ms), or ten seconds after a start where that is longer, another node is
// master and nobody here would notice: they are removed. A supervisor that lives brings a fresh
// aloha-vrrp within milliseconds.
class NetworkSide {
 public:
  // The first channel may take so long.
  static constexpr std::chrono::milliseconds kStartTime{10'000};

  // vrrp_sockets: those that are held; they follow their interfaces. Without netlink sockets (what
  // is missing is `problem`) snapshots that need them are rejected.
  NetworkSide(asio::io_context& loop, Log& log,
              std::function<std::vector<std::pair<VrrpEndpoint, int>>()> vrrp_sockets,
              std::chrono::milliseconds start_time);

  // As those of Role; what they do stands in virtual_addresses.h and managed_network.h.
  Result<> Prepare(const worker::v1::SystemSnapshot& snapshot);
  void Commit();
  void Abort();
  // timeout 0: another process takes over, and everything stays as it is. Else: waits for
  // aloha-vrrp to give the virtual addresses up, then removes those that are left. Managed
  // addresses stay.
  void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done);

  // The channel of aloha-vrrp.
  void Connect(UniqueFd socket);
  Result<UniqueFd> OpenSocket(const VrrpEndpoint& endpoint);
  // Ties a socket to the interface of today.
  void Follow(int socket, const VrrpEndpoint& endpoint);

 private:
  // With a netlink socket.
  struct Parts {
    Parts(asio::io_context& loop, Log& log, Netlink made);
    Netlink netlink;
    VirtualAddresses addresses;
    ManagedNetwork managed;
    std::unique_ptr<LinkWatch> watch;
  };

  Result<> Ready() const;
  void OnRequest(const worker::v1::AddressRequest& request);
  void OnNetworkChange();
  void AwaitChannel(std::chrono::milliseconds at_least);
  // Every state, or those that changed since they were last told.
  void Tell(bool all);
  void WatchDrain();

  Log& log_;
  const std::function<std::vector<std::pair<VrrpEndpoint, int>>()> vrrp_sockets_;
  const std::chrono::milliseconds start_time_;
  std::string problem_;
  std::unique_ptr<Parts> parts_;
  VrrpChannel channel_;
  asio::steady_timer abandoned_;
  bool waiting_ = false;                     // abandoned_ runs
  std::map<std::string, std::string> told_;  // what, by whom it is of
  asio::steady_timer drain_timer_;
  std::chrono::steady_clock::time_point drain_end_;
  std::function<void(uint32_t cut)> drained_;  // empty: not draining
  bool handed_over_ = false;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_NETWORK_SIDE_H_
