// Listening sockets as workers get them: shared by threads and snapshots.
#ifndef ALOHA_WORKERS_NET_LISTENING_SOCKET_H_
#define ALOHA_WORKERS_NET_LISTENING_SOCKET_H_

#include <memory>
#include <utility>

#include "workers/net/address.h"
#include "workers/net/reactor.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {

// Shared by the threads and by the snapshots that name it; closed with the last of them.
struct ListeningSocket {
  Address address;
  UniqueFd fd;
};

// A descriptor that came from another process must be a listening TCP socket bound to `address`.
// kFailedPrecondition otherwise, with what it is.
Result<> VerifyListener(int fd, const Address& address);

// Takes connections from a listening socket, which several threads may do at a time. It watches
// nothing until the first Resume.
class Acceptor : public EventHandler {
 public:
  // reactor outlives it.
  Acceptor(Reactor& reactor, std::shared_ptr<const ListeningSocket> socket)
      : reactor_(reactor), socket_(std::move(socket)) {}
  ~Acceptor() override { Pause(); }

  const ListeningSocket* socket() const { return socket_.get(); }
  Result<> Resume();
  void Pause();

 protected:
  // A connected socket, non-blocking and close-on-exec.
  virtual void OnAccepted(UniqueFd socket, const Address& peer) = 0;
  // Descriptors or memory are short: pause, or the listener, still readable, spins.
  virtual void OnShortage(int error) = 0;

 private:
  void OnEvents(uint32_t events, unsigned tag) final;

  Reactor& reactor_;
  const std::shared_ptr<const ListeningSocket> socket_;
  bool watching_ = false;
};

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_LISTENING_SOCKET_H_
