// Which virtual addresses this machine has: those of the running snapshot that aloha-vrrp claimed.
#ifndef ALOHA_WORKERS_SYSTEM_VIRTUAL_ADDRESSES_H_
#define ALOHA_WORKERS_SYSTEM_VIRTUAL_ADDRESSES_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/log.h"
#include "workers/system/announcement.h"
#include "workers/system/virtual_router.h"

namespace aloha::system {

// All calls on the loop's thread. The kernel's tables are the memory: what is found set belongs to
// this machine, whichever process set it.
class VirtualAddresses {
 public:
  VirtualAddresses(asio::io_context& loop, Netlink& netlink, Log& log)
      : loop_(loop), netlink_(netlink), log_(log) {}

  // kInvalidArgument, with the field, for what cannot be; kPermissionDenied without CAP_NET_RAW.
  Result<> Prepare(const worker::v1::SystemSnapshot& snapshot);
  // Removes the addresses that the prepared snapshot does not name, after those that it names
  // newly for a router that has its addresses were set.
  void Commit();
  void Abort() { prepared_.reset(); }

  // Carries a request of aloha-vrrp out. The answer.
  worker::v1::AddressState Carry(const worker::v1::AddressRequest& request);
  // Removes every address; `why` is for the log.
  void ReleaseAll(const std::string& why);
  bool holds_any() const;
  // How long addresses stay without aloha-vrrp: the longest of all routers.
  std::chrono::milliseconds keep() const;

  // Of every router.
  std::vector<worker::v1::AddressState> States();
  // Of every interface of a router; see InterfaceState.
  std::vector<worker::v1::InterfaceState> Interfaces();
  // Sets again what vanished with an interface, at most once a second.
  void OnNetworkChange();
  // Whether a router of the running snapshot has this address.
  bool IsVirtual(const net::Ip& ip) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Router {
    VirtualRouter config;
    bool claimed = false;
    Clock::time_point announced{};  // last time
    Clock::time_point restored{};   // last time
  };
  // Announcing again and again for a moment.
  struct Burst {
    explicit Burst(asio::io_context& loop) : timer(loop) {}
    asio::steady_timer timer;
    size_t done = 0;
  };

  Result<> Claim(Router& router);
  Result<> Release(Router& router);
  Result<> Announce(Router& router);
  Result<> AnnounceNow(Router& router);
  void BeginBurst(const std::string& name);
  void AwaitBurst(const std::string& name);
  // Addresses and interfaces of earlier snapshots or processes.
  void RemoveStrays(const std::map<std::string, Router>& before);
  void Hush(const VirtualRouter& router);
  void Unhush(const std::string& interface);
  void ScheduleRestore();

  asio::io_context& loop_;
  Netlink& netlink_;
  Log& log_;
  UniqueFd announcer_;
  std::map<std::string, Router> routers_;  // by name
  std::optional<std::map<std::string, Router>> prepared_;
  std::map<std::string, Burst> bursts_;
  // By interface: its settings before HushInterface.
  std::map<std::string, std::vector<Ipv4Setting>> hushed_;
  std::optional<asio::steady_timer> restore_timer_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_VIRTUAL_ADDRESSES_H_
