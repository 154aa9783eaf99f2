#include "tests/bench/load/handshakes.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/socket.h"
#include "tests/bench/load/tls_client.h"

namespace aloha::load {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr size_t kChunk = 4096;

class Handshaker {
 public:
  explicit Handshaker(const Handshakes& plan)
      : plan_(plan), client_(plan.version), peers_(plan.connections) {
    report_.latencies.reserve(plan.operations);
  }

  Report Run() {
    if (plan_.resume) ShareFirstSession();
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
    return std::move(report_);
  }

 private:
  enum class Stage { kHandshake, kSession, kEnd };

  struct Peer {
    int fd = -1;
    Stage stage = Stage::kHandshake;
    bssl::UniquePtr<SSL> connection;
    // What this connection has received, and what the last one had.
    TlsSession received;
    TlsSession latest;
    Clock::time_point start;
  };

  // Gives every peer the session of one full handshake; without one nothing will be resumed.
  void ShareFirstSession() {
    Handshaker first({.port = plan_.port, .operations = 1, .version = plan_.version});
    first.Run();
    for (Peer& peer : peers_) peer.latest = bssl::UpRef(first.peers_.front().latest);
  }

  // Takes the next handshake of the plan, if any is left.
  void Begin(Peer& peer) {
    for (; begun_ < plan_.operations; ++report_.errors) {
      ++begun_;
      peer.start = Clock::now();
      peer.fd = ConnectTo(plan_.port, SOCK_NONBLOCK);
      if (peer.fd < 0) continue;
      ++open_;
      peer.stage = Stage::kHandshake;
      SSL_SESSION* offered = plan_.resume ? peer.latest.get() : nullptr;
      peer.connection = client_.Connect(peer.fd, offered, peer.received);
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &peer}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event) != 0) Die("epoll_ctl");
      return;
    }
  }

  void Step(Peer& peer) {
    const Progress progress = Advance(peer);
    if (progress == Progress::kWaiting) return;
    if (progress == Progress::kDone) {
      Count(peer);
    } else {
      ++report_.errors;
    }
    Drop(peer);
    Begin(peer);
  }

  static Progress Advance(Peer& peer) {
    SSL* connection = peer.connection.get();
    if (peer.stage == Stage::kHandshake) {
      const int result = SSL_do_handshake(connection);
      if (result != 1) return Outcome(connection, result);
      peer.stage = Stage::kSession;
    }
    if (peer.stage == Stage::kSession) {
      const Progress progress = AwaitSession(connection, peer.received);
      if (progress != Progress::kDone) return progress;
      if (SSL_shutdown(connection) < 0 || shutdown(peer.fd, SHUT_WR) != 0) return Progress::kFailed;
      peer.stage = Stage::kEnd;
    }
    long n;
    while ((n = Discard(peer.fd, kChunk)) > 0) {
    }
    if (n < 0 && errno == EAGAIN) return Progress::kWaiting;
    return n == 0 ? Progress::kDone : Progress::kFailed;
  }

  void Count(Peer& peer) {
    ++report_.operations;
    if (SSL_session_reused(peer.connection.get())) ++report_.resumed;
    if (report_.operations == plan_.operations) report_.suite = SuiteOf(peer.connection.get());
    report_.latencies.push_back(MicrosecondsSince(peer.start));
  }

  void Drop(Peer& peer) {
    if (peer.received != nullptr) peer.latest = std::move(peer.received);
    peer.connection.reset();
    close(peer.fd);
    --open_;
  }

  const Handshakes plan_;
  const TlsClient client_;
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Peer> peers_;
  size_t open_ = 0;
  uint64_t begun_ = 0;
  Report report_;
};

}  // namespace

Report RunHandshakes(const Handshakes& plan) { return Handshaker(plan).Run(); }

}  // namespace aloha::load
