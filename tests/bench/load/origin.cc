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
  void AddListener(uint16_t port, Kind kind) {
    if (port != 0) Watch(new Peer{ListenOn(port), kind, true}, EPOLLIN);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int n = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) Serve(static_cast<Peer*>(events[i].data.ptr));
    }
  }

 private:
  // The kernel keeps the pointer; Serve() deletes it with the connection.
  void Watch(Peer* peer, uint32_t events) {
    epoll_event event{.events = events, .data = {.ptr = peer}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer->fd, &event) != 0) Die("epoll_ctl");
  }

  void Serve(Peer* peer) {
    if (peer->listening) return AcceptAll(*peer);
    if (Step(*peer)) return;
    close(peer->fd);
    delete peer;
  }

  void AcceptAll(const Peer& listener) {
    for (;;) {
      const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      Watch(new Peer{fd, listener.kind, false},
            listener.kind == Kind::kSource ? EPOLLOUT : EPOLLIN);
    }
  }

  // False: the connection is over.
  bool Step(Peer& peer) {
    switch (peer.kind) {
      case Kind::kEcho:
        return Echo(peer);
      case Kind::kSource:
        return send(peer.fd, buffer_.data(), buffer_.size(), MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
      case Kind::kSink:
        return Sink(peer);
    }
    return false;
  }

  bool Echo(const Peer& peer) {
    const ssize_t n = recv(peer.fd, buffer_.data(), buffer_.size(), 0);
    if (n < 0) return errno == EAGAIN;
    return n > 0 && SendAll(peer.fd, {buffer_.data(), static_cast<size_t>(n)});
  }

  static bool Sink(Peer& peer) {
    const long n = Discard(peer.fd, kChunk);
    if (n < 0) return errno == EAGAIN;
    peer.received += static_cast<uint64_t>(n);
    if (n > 0) return true;
    SendAll(peer.fd, std::as_bytes(std::span(&peer.received, 1)));
    return false;
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kChunk);
};

}  // namespace

void RunOrigin(const OriginPorts& ports) {
  Origin origin;
  origin.AddListener(ports.echo, Kind::kEcho);
  origin.AddListener(ports.source, Kind::kSource);
  origin.AddListener(ports.sink, Kind::kSink);
  origin.Run();
}

}  // namespace aloha::load
