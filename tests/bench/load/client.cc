#include "tests/bench/load/client.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/socket.h"

namespace aloha::load {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr size_t kChunk = 256 * 1024;

// Exchanges over a number of connections at the same time.
class Exchanger {
 public:
  explicit Exchanger(const Exchanges& plan)
      : plan_(plan), request_(plan.size), peers_(plan.connections) {
    report_.latencies.reserve(plan.operations);
  }

  Report Run() {
    const auto start = Clock::now();
    for (Peer& peer : peers_) Begin(peer);
    std::array<epoll_event, 256> events;
    while (open_ > 0) {
      const int n = epoll_wait(epoll_, events.data(), events.size(), kPatienceMs);
      if (n <= 0) break;
      for (int i = 0; i < n; ++i) Step(*static_cast<Peer*>(events[i].data.ptr));
    }
    report_.seconds = SecondsSince(start);
    report_.errors += plan_.operations - report_.operations - report_.errors;
    report_.bytes = report_.operations * plan_.size;
    return std::move(report_);
  }

 private:
  struct Peer {
    int fd = -1;
    bool sent = false;
    size_t missing = 0;
    Clock::time_point start;
  };

  // Takes the next exchange of the plan, on a new connection if there is none; ends the peer when
  // all are taken.
  void Begin(Peer& peer) {
    for (; begun_ < plan_.operations; ++report_.errors) {
      ++begun_;
      peer.start = Clock::now();
      peer.missing = plan_.size;
      peer.sent = false;
      if (peer.fd >= 0) return SendRequest(peer);
      peer.fd = ConnectTo(plan_.port, SOCK_NONBLOCK);
      if (peer.fd < 0) continue;
      ++open_;
      epoll_event event{.events = EPOLLOUT, .data = {.ptr = &peer}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event) != 0) Die("epoll_ctl");
      return;
    }
    Drop(peer);
  }

  void Step(Peer& peer) {
    if (!peer.sent) {
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &peer}};
      epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event);
      return SendRequest(peer);
    }
    const long n = Discard(peer.fd, peer.missing);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Fail(peer);
    peer.missing -= static_cast<size_t>(n);
    if (peer.missing > 0) return;
    report_.latencies.push_back(MicrosecondsSince(peer.start));
    ++report_.operations;
    if (plan_.reconnect) Drop(peer);
    Begin(peer);
  }

  void SendRequest(Peer& peer) {
    peer.sent = true;
    if (!SendAll(peer.fd, request_)) Fail(peer);
  }

  void Fail(Peer& peer) {
    ++report_.errors;
    Drop(peer);
    Begin(peer);
  }

  void Drop(Peer& peer) {
    if (peer.fd < 0) return;
    close(peer.fd);
    peer.fd = -1;
    --open_;
  }

  const Exchanges plan_;
  const std::vector<std::byte> request_;
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Peer> peers_;
  size_t open_ = 0;
  uint64_t begun_ = 0;
  Report report_;
};

}  // namespace

Report RunTransfer(uint16_t port, const Transfer& transfer) {
  Report report;
  const auto start = Clock::now();
  const int fd = ConnectTo(port, 0);
  const bool done = fd >= 0 && transfer(fd, report.bytes);
  if (fd >= 0) close(fd);
  report.seconds = SecondsSince(start);
  report.latencies.push_back(MicrosecondsSince(start));
  (done ? report.operations : report.errors) = 1;
  return report;
}

Report HoldIdle(uint16_t port, size_t connections, const std::function<bool(int fd)>& exchange) {
  Report report;
  const auto start = Clock::now();
  for (size_t i = 0; i < connections; ++i) {
    const auto began = Clock::now();
    const int fd = ConnectTo(port, 0);
    const bool done = fd >= 0 && exchange(fd);
    ++(done ? report.operations : report.errors);
    report.latencies.push_back(MicrosecondsSince(began));
  }
  report.bytes = report.operations;
  report.seconds = SecondsSince(start);
  return report;
}

Report RunExchanges(const Exchanges& plan) { return Exchanger(plan).Run(); }

Report RunDown(uint16_t port, uint64_t bytes) {
  return RunTransfer(port, [bytes](int fd, uint64_t& moved) {
    while (moved < bytes) {
      const long n = Discard(fd, std::min<uint64_t>(kChunk, bytes - moved));
      if (n <= 0) return false;
      moved += static_cast<uint64_t>(n);
    }
    return true;
  });
}

Report RunUp(uint16_t port, uint64_t bytes) {
  return RunTransfer(port, [bytes](int fd, uint64_t& moved) {
    const std::vector<std::byte> chunk(kChunk);
    while (moved < bytes) {
      const size_t size = std::min<uint64_t>(kChunk, bytes - moved);
      if (!SendAll(fd, {chunk.data(), size})) return false;
      moved += size;
    }
    uint64_t counted = 0;
    return shutdown(fd, SHUT_WR) == 0 &&
           recv(fd, &counted, sizeof counted, MSG_WAITALL) == sizeof counted && counted == bytes;
  });
}

Report OpenIdle(uint16_t port, size_t connections) {
  return HoldIdle(port, connections, [](int fd) {
    std::byte byte{};
    return SendAll(fd, {&byte, 1}) && recv(fd, &byte, 1, 0) == 1;
  });
}

}  // namespace aloha::load
