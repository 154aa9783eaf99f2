// A listening socket, and who comes there.
#ifndef ALOHA_WUI_GATEWAY_ARRIVALS_H_
#define ALOHA_WUI_GATEWAY_ARRIVALS_H_

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "workers/runtime/unique_fd.h"

namespace aloha::gateway {

// Control thread.
class Arrivals {
 public:
  using Arrived = std::function<void(asio::ip::tcp::socket, asio::ip::address from)>;

  // arrived: gets each connection and its client's address; one of IPv4 is one of IPv4 on an IPv6
  // socket as well.
  Arrivals(asio::io_context& loop, Arrived arrived)
      : loop_(loop), arrived_(std::move(arrived)), pause_(loop) {}

  // A listening socket, or none.
  void Listen(UniqueFd listener);
  bool listening() const { return listener_.has_value(); }
  int listener() { return listener_->native_handle(); }

 private:
  void Accept();

  asio::io_context& loop_;
  const Arrived arrived_;
  std::optional<asio::posix::stream_descriptor> listener_;
  asio::steady_timer pause_;
};

// Who counts as one client: an address, or a /64 of IPv6.
std::string ClientOf(const asio::ip::address& address);

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_ARRIVALS_H_
