// Accepts on a listening TCP socket that somebody else made: whom, and while there is room.
#ifndef ALOHA_WUI_ACCEPTOR_H_
#define ALOHA_WUI_ACCEPTOR_H_

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "workers/net/address.h"
#include "workers/net/networks.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::wui {

// Control thread.
class Acceptor {
 public:
  struct Hooks {
    // Whether one more may come now; others wait in the listener's queue until Resume.
    std::function<bool()> has_room;
    // Takes a connection, or lets it go, which closes it.
    std::function<void(asio::ip::tcp::socket socket, const net::Address& client)> take;
  };

  // Clients outside allow_from (empty: none are) are closed.
  Acceptor(asio::io_context& loop, UniqueFd listener, net::Networks allow_from, Hooks hooks);
  ~Acceptor();  // closes the listener

  // There may be room again.
  void Resume();
  void SetAllowFrom(net::Networks allow_from);
  int listener() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aloha::wui

#endif  // ALOHA_WUI_ACCEPTOR_H_
