// A server on a loopback port of its own, in a thread: reads and writes by a script, plain or
// inside TLS.
#ifndef ALOHA_TESTS_UNIT_HEALTH_FAKE_SERVER_H_
#define ALOHA_TESTS_UNIT_HEALTH_FAKE_SERVER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "workers/runtime/unique_fd.h"

namespace aloha::health {

struct FakeServerScript {
  // Sent in turn: the first at once when `greets`, each further one after something was received.
  std::vector<std::string> says;
  bool greets = true;
  bool tls = false;
  enum class End { kClose, kReset, kStall } end = End::kClose;
};

class FakeServer {
 public:
  explicit FakeServer(FakeServerScript script);
  ~FakeServer();  // closes everything
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int resumed() const { return resumed_; }  // TLS sessions

 private:
  void Serve();
  void Talk(UniqueFd client);

  const FakeServerScript script_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0, resumed_ = 0;
  std::vector<UniqueFd> stalled_;
  void* context_ = nullptr;  // SSL_CTX
  std::thread thread_;
};

// A loopback port on which nobody listens.
uint16_t UnusedPort();

}  // namespace aloha::health

#endif  // ALOHA_TESTS_UNIT_HEALTH_FAKE_SERVER_H_
