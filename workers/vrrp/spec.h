// The routers of a snapshot, checked.
#ifndef ALOHA_WORKERS_VRRP_SPEC_H_
#define ALOHA_WORKERS_VRRP_SPEC_H_

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/v1/vrrp.pb.h"
#include "workers/net/address.h"
#include "workers/runtime/error.h"

namespace aloha::vrrp {

inline constexpr size_t kMaxRouters = 32;
inline constexpr size_t kMaxAddresses = 20;

// The raw socket that carries the adverts: one for each interface and family.
struct SocketKey {
  std::string interface;
  bool ipv6 = false;

  auto operator<=>(const SocketKey&) const = default;
};

struct RouterSpec {
  std::string name;
  SocketKey socket;
  uint8_t version = 3;
  uint8_t vrid = 1;
  uint8_t priority = 100;
  std::chrono::milliseconds interval{1000};
  bool preempt = true;
  std::chrono::milliseconds preempt_delay{0};
  std::vector<net::Ip> addresses;
  std::vector<net::Ip> peers;  // empty: multicast

  // The same router in another snapshot goes on as what it is.
  bool SameRouter(const RouterSpec& other) const {
    return name == other.name && socket == other.socket && vrid == other.vrid;
  }
  bool operator==(const RouterSpec&) const = default;
};

// kInvalidArgument, with the field, for the first thing that is out of its range.
Result<std::vector<RouterSpec>> MakePlan(const worker::v1::VrrpSnapshot& snapshot);

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_SPEC_H_
