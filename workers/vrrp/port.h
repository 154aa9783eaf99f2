// A raw socket on the loop.
#ifndef ALOHA_WORKERS_VRRP_PORT_H_
#define ALOHA_WORKERS_VRRP_PORT_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "workers/vrrp/advert_socket.h"
#include "workers/vrrp/flood_filter.h"
#include "workers/vrrp/spec.h"

namespace aloha::vrrp {

struct Port {
  Port(asio::io_context& loop, SocketKey name, UniqueFd fd)
      : key(std::move(name)),
        socket(std::move(fd), key.ipv6),
        filter(socket.fd(), key.ipv6),
        waiter(loop, socket.fd()),
        pause(loop) {}
  ~Port() { (void)waiter.release(); }  // the socket closes it
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  const SocketKey key;
  AdvertSocket socket;
  FloodFilter filter;
  asio::posix::stream_descriptor waiter;
  asio::steady_timer pause;
  uint32_t interface_index = 0;
  std::string send_problem;  // told; until a packet goes out
};

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_PORT_H_
