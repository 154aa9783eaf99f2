// Real sockets on loopback around an engine in this process: servers with a behaviour, clients, and
// a proxy.
#ifndef ALOHA_TESTS_UNIT_PROXY_HARNESS_H_
#define ALOHA_TESTS_UNIT_PROXY_HARNESS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "workers/proxy/engine.h"

namespace aloha::proxy {

// A connected, blocking socket. Every call gives up after 20 s, so a hang is a failure, not a stuck
// run.
class Socket {
 public:
  explicit Socket(int fd);
  // Connects to 127.0.0.1.
  static Socket To(uint16_t port);

  bool Send(std::string_view bytes) const;
  // Exactly `count` bytes, or less when the stream ends before.
  std::string Receive(size_t count) const;
  std::string ReceiveToEnd() const { return Receive(SIZE_MAX); }
  // The stream ends (orderly or by a reset) without another byte.
  bool Ended() const { return Receive(1).empty(); }
  void HalfClose() const;
  // Closes with a reset.
  void Reset();
  void Close() { fd_.reset(); }
  uint16_t LocalPort() const;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

// Listens on a free port of 127.0.0.1 and serves each connection on a thread of its own. It ends
// when all connections have, so it outlives the proxy that it serves.
class TestServer {
 public:
  using Behaviour = std::function<void(Socket&)>;
  explicit TestServer(Behaviour behaviour);
  ~TestServer();

  uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

  // Sends `name` and a newline, then every byte back until the client ends its stream.
  static Behaviour Echo(const std::string& name);

 private:
  void Run();

  const Behaviour behaviour_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> accepted_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A port of 127.0.0.1 where nothing listens.
uint16_t ClosedPort();

// An engine, the snapshot it runs and the supervisor's part of passing descriptors.
class TestProxy {
 public:
  explicit TestProxy(uint32_t max_sessions = 10'000);

  // The snapshot to change before Apply. It begins with one service, "imap", round robin, without
  // servers.
  worker::v1::ProxySnapshot snapshot;
  worker::v1::VirtualService& service(int index = 0) { return *snapshot.mutable_services(index); }
  worker::v1::Server& AddServer(const std::string& name, uint16_t port, int service = 0);
  // Adds a service with a listener of its own.
  worker::v1::VirtualService& AddService(const std::string& name);

  Result<> Prepare();
  // Prepares, which must succeed, and commits.
  void Apply();
  Engine& engine() { return *engine_; }

  // The port of a service's first listener.
  uint16_t port(int service = 0) { return this->service(service).listeners(0).port(); }
  // The socket of that listener; it stays the proxy's.
  int listener(int service) { return sockets_[port(service)].get(); }
  Socket Connect(int service = 0) { return Socket::To(port(service)); }
  // Connects and reads the name of the server that answers.
  std::string Ask(int service = 0);

  void SetCheck(const std::string& server, worker::v1::CheckState state, int service = 0);
  worker::v1::ServiceStats Stats(int service = 0);
  worker::v1::ListSessionsResponse Sessions();
  uint64_t Cut();
  void StopListening();
  // Waits until it holds; false after 20 s.
  static bool Eventually(const std::function<bool()>& holds);
  // The access lines so far.
  std::vector<std::string> AccessLines() const;

 private:
  Log log_;
  std::map<uint32_t, UniqueFd> sockets_;      // what aloha-system would hold, by port
  std::map<std::string, UniqueFd> memories_;  // stick tables
  mutable std::mutex mutex_;
  std::vector<std::string> access_lines_;  // guarded by mutex_
  std::shared_ptr<void> watch_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_TESTS_UNIT_PROXY_HARNESS_H_
