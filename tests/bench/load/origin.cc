#include "tests/bench/load/origin.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/bench/load/socket.h"

namespace aloha::load {
namespace {

constexpr size_t kChunk = 256 * 1024;

enum class Kind { kEcho, kSource, kSink };

struct Peer {
  int fd;
  Kind kind;
  bool listening;
  uint64_t received = 0;
};

class Origin {
 public:
  void add_listener(uint16_t port, Kind kind) {
    if (port != 0) watch(new Peer{listen_on(port), kind, true}, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int n = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) serve(static_cast<Peer*>(events[i].data.ptr));
    }
  }

 private:
  // The kernel keeps the pointer; serve() deletes it with the connection.
  void watch(Peer* peer, uint32_t events) {
    epoll_event event{.events = events, .data = {.ptr = peer}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer->fd, &event) != 0) die("epoll_ctl");
  }

  void serve(Peer* peer) {
    if (peer->listening) return accept_all(*peer);
    if (step(*peer)) return;
    close(peer->fd);
    delete peer;
  }

  void accept_all(const Peer& listener) {
    for (;;) {
      const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      watch(new Peer{fd, listener.kind, false},
            listener.kind == Kind::kSource ? EPOLLOUT : EPOLLIN);
    }
  }

  // False: the connection is over.
  bool step(Peer& peer) {
    switch (peer.kind) {
      case Kind::kEcho:
        return echo(peer);
      case Kind::kSource:
        return send(peer.fd, buffer_.data(), buffer_.size(), MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
      case Kind::kSink:
        return sink(peer);
    }
    return false;
  }

  bool echo(const Peer& peer) {
    const ssize_t n = recv(peer.fd, buffer_.data(), buffer_.size(), 0);
    if (n < 0) return errno == EAGAIN;
    return n > 0 && send_all(peer.fd, {buffer_.data(), static_cast<size_t>(n)});
  }

  static bool sink(Peer& peer) {
    const long n = discard(peer.fd, kChunk);
    if (n < 0) return errno == EAGAIN;
    peer.received += static_cast<uint64_t>(n);
    if (n > 0) return true;
    send_all(peer.fd, std::as_bytes(std::span(&peer.received, 1)));
    return false;
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kChunk);
};

}  // namespace

void run_origin(const OriginPorts& ports) {
  Origin origin;
  origin.add_listener(ports.echo, Kind::kEcho);
  origin.add_listener(ports.source, Kind::kSource);
  origin.add_listener(ports.sink, Kind::kSink);
  origin.run();
}

}  // namespace aloha::load
