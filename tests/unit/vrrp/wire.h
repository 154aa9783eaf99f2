// Two network namespaces of this process, joined by a veth pair: "here" and "there", where a test
// plays the other node. Needs root; nothing outside of them is touched.
#ifndef ALOHA_TESTS_UNIT_VRRP_WIRE_H_
#define ALOHA_TESTS_UNIT_VRRP_WIRE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "workers/runtime/unique_fd.h"
#include "workers/vrrp/advert_socket.h"

namespace aloha::vrrp {

class Namespace {
 public:
  Namespace();
  // Runs it on a thread that is in the namespace.
  void Do(const std::function<void()>& work) const;
  // A command of the shell, which must succeed.
  void Run(const std::string& command) const;
  // As aloha-system opens it: for IP protocol 112, bound to that interface.
  UniqueFd RawSocket(const std::string& interface, bool ipv6) const;
  uint32_t IndexOf(const std::string& interface) const;
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

// "eth0" in both: 10.0.0.1 and fe80::1 here, 10.0.0.2 and fe80::2 there.
class Wire {
 public:
  Wire();
  const Namespace& here() const { return here_; }
  const Namespace& there() const { return there_; }

 private:
  Namespace here_, there_;
};

// The other node's socket, with its group joined.
std::unique_ptr<AdvertSocket> OtherNode(const Wire& wire, bool ipv6);

}  // namespace aloha::vrrp

#endif  // ALOHA_TESTS_UNIT_VRRP_WIRE_H_
