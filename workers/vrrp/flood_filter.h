// What keeps a flood from costing more than it must.
//
// A router needs some hundred packets a second. When a socket has far more, the kernel is given a
// filter (classic BPF) for a second: it passes what comes from nodes that are known to live, and
// one of 64 of the rest, so that a node that is not known yet is heard as well. Then the socket is
// measured anew.
#ifndef ALOHA_WORKERS_VRRP_FLOOD_FILTER_H_
#define ALOHA_WORKERS_VRRP_FLOOD_FILTER_H_

#include <chrono>
#include <cstddef>
#include <span>

#include "workers/net/address.h"
#include "workers/vrrp/router.h"

namespace aloha::vrrp {

// Most nodes that a filter lets through.
inline constexpr size_t kMaxKnownNodes = 16;

class FloodFilter {
 public:
  // The socket outlives the filter. Takes off what an earlier process may have left.
  FloodFilter(int socket, bool ipv6);

  // Packets were read. True: there are too many; Begin with the nodes that live.
  bool Count(size_t packets, TimePoint now);
  void Begin(std::span<const net::Ip> known, TimePoint now);
  void End();

  bool active() const { return until_ != TimePoint::max(); }
  TimePoint next_due() const { return until_; }

 private:
  const int socket_;
  const bool ipv6_;
  TimePoint window_ = TimePoint::min();  // began
  size_t packets_ = 0;                   // in it
  TimePoint until_ = TimePoint::max();   // max: not active
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_FLOOD_FILTER_H_
