// Networks for the tests of aloha-system: this thread's own, and a neighbour's.
#ifndef ALOHA_TESTS_UNIT_SYSTEM_NETWORKS_H_
#define ALOHA_TESTS_UNIT_SYSTEM_NETWORKS_H_

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/system/fixture.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"
#include "workers/system/netlink.h"

namespace aloha::system {

// Runs a shell command in this thread's network and answers what it prints; a failure of it fails
// the test.
std::string Shell(const std::string& command);

// Two machines on one cable: here "eth0", 10.9.0.1/16 and fd09::1/64, there "peer", 10.9.0.2/16 and
// fd09::2/64. Needs root.
class Cable {
 public:
  Cable();
  // On a thread there.
  void There(const std::function<void()>& body) const;
  // Makes this end vanish and come back, as a card that is pulled and put in again does.
  void Pull() const;
  void PutIn() const;

 private:
  OwnNetwork here_;
  UniqueFd there_;
};

// Frames that arrive at an interface of this thread's network.
class Capture {
 public:
  explicit Capture(const std::string& interface);
  // The next one of that Ethernet type, at most five seconds away; empty: none came.
  std::string Next(uint16_t type);
  // Those of that type that came by now.
  size_t Count(uint16_t type);

 private:
  UniqueFd socket_;
};

// Runs the loop until the condition holds, at most 20 seconds. Whether it holds.
bool RunUntil(asio::io_context& loop, const std::function<bool()>& condition);

}  // namespace aloha::system

#endif  // ALOHA_TESTS_UNIT_SYSTEM_NETWORKS_H_
