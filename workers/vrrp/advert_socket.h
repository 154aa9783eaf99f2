// A raw socket of VRRP (IP protocol 112), opened by aloha-system and bound to one interface.
#ifndef ALOHA_WORKERS_VRRP_ADVERT_SOCKET_H_
#define ALOHA_WORKERS_VRRP_ADVERT_SOCKET_H_

#include <cstdint>
#include <functional>
#include <span>

#include "workers/net/address.h"
#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"
#include "workers/vrrp/codec.h"

namespace aloha::vrrp {

// 224.0.0.18, ff02::12 (RFC 9568 section 5.1).
const net::Ip& AdvertGroup(bool ipv6);

class AdvertSocket {
 public:
  // Sets what a socket needs for adverts, whoever made it: it hears those of others, not its own.
  AdvertSocket(UniqueFd socket, bool ipv6);

  int fd() const { return socket_.get(); }
  bool ipv6() const { return ipv6_; }

  // Joins the group on that interface; once is enough, again does no harm.
  void Join(uint32_t interface_index);
  // Reads at most `most` packets that wait; answers how many there were. What cannot be opened is
  // told as the reason.
  size_t Receive(size_t most, const std::function<void(const Message&)>& on_message,
                 const std::function<void(Drop)>& on_drop);
  // Does not wait: a packet that finds no room is lost, as on the wire.
  Result<> Send(std::span<const uint8_t> message, const net::Ip& source, const net::Ip& destination,
                uint32_t interface_index);
  // Packets that the kernel dropped since the last call: no room, or the flood filter.
  uint64_t TakeKernelDrops();

 private:
  const UniqueFd socket_;
  const bool ipv6_;
  uint32_t kernel_drops_ = 0;
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_ADVERT_SOCKET_H_
