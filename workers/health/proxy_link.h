// The direct channel to aloha-proxy, which works while no supervisor lives.
#ifndef ALOHA_WORKERS_HEALTH_PROXY_LINK_H_
#define ALOHA_WORKERS_HEALTH_PROXY_LINK_H_

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "workers/health/target_board.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::health {

// All calls on the loop's thread. Without a channel every call does nothing: a new one begins with
// every state.
class ProxyLink {
 public:
  // The board outlives the link.
  ProxyLink(asio::io_context& loop, const TargetBoard& board) : board_(board), retry_(loop) {}

  // Uses this socket (SOCK_SEQPACKET) from now on and sends every state over it.
  void Connect(UniqueFd socket);
  // Sends every state again, after the targets were replaced.
  void SendAll();
  // Sends the newest state of one target.
  void Send(size_t target);

 private:
  void Flush();

  const TargetBoard& board_;
  asio::steady_timer retry_;
  UniqueFd socket_;
  TargetFeed feed_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_PROXY_LINK_H_
