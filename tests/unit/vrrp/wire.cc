#include "tests/unit/vrrp/wire.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace aloha::vrrp {

Namespace::Namespace() {
  std::thread([this] {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root: " << strerror(errno);
    fd_.reset(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
}

void Namespace::Do(const std::function<void()>& work) const {
  std::thread([&] {
    ASSERT_EQ(setns(fd(), CLONE_NEWNET), 0) << strerror(errno);
    work();
  }).join();
}

void Namespace::Run(const std::string& command) const {
  Do([&] { ASSERT_EQ(std::system(command.c_str()), 0) << command; });
}

UniqueFd Namespace::RawSocket(const std::string& interface, bool ipv6) const {
  constexpr int kVrrp = 112;
  UniqueFd fd;
  Do([&] {
    fd.reset(socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, kVrrp));
    EXPECT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                         static_cast<socklen_t>(interface.size())),
              0)
        << strerror(errno);
  });
  return fd;
}

uint32_t Namespace::IndexOf(const std::string& interface) const {
  uint32_t index = 0;
  Do([&] { index = if_nametoindex(interface.c_str()); });
  return index;
}

Wire::Wire() {
  here_.Run(fmt::format("ip link add eth0 type veth peer name eth0 netns /proc/{}/fd/{}", getpid(),
                        there_.fd()));
  int number = 0;
  for (const Namespace* space : {&here_, &there_}) {
    ++number;
    space->Run(
        fmt::format("ip link set eth0 addrgenmode none && "
                    "ip address add 10.0.0.{0}/24 dev eth0 && "
                    "ip address add fe80::{0}/64 dev eth0 nodad && ip link set eth0 up",
                    number));
  }
  // Until the kernel has seen that both ends are there, it drops what is sent.
  for (const Namespace* space : {&here_, &there_}) {
    space->Run("until ip link show dev eth0 | grep -q 'state UP'; do sleep 0.01; done");
  }
}

std::unique_ptr<AdvertSocket> OtherNode(const Wire& wire, bool ipv6) {
  auto socket = std::make_unique<AdvertSocket>(wire.there().RawSocket("eth0", ipv6), ipv6);
  const uint32_t index = wire.there().IndexOf("eth0");
  wire.there().Do([&] { socket->Join(index); });
  return socket;
}

}  // namespace aloha::vrrp
