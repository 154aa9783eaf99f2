#include "tests/unit/system/networks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

namespace aloha::system {
namespace {

// The network of this thread.
UniqueFd ThisNetwork() { return UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

}  // namespace

std::string Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), got);
  EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
  return output;
}

Cable::Cable() {
  if (geteuid() != 0) return;  // the test is skipped
  std::thread([this] {
    EXPECT_EQ(unshare(CLONE_NEWNET), 0);
    there_ = ThisNetwork();
    // Without duplicate address detection, whose second nobody wants to wait for.
    Shell("ip link set lo up; sysctl -qw net.ipv6.conf.default.accept_dad=0");
  }).join();
  Shell("sysctl -qw net.ipv6.conf.default.accept_dad=0");
  PutIn();
}

void Cable::There(const std::function<void()>& body) const {
  std::thread([&] {
    ASSERT_EQ(setns(there_.get(), CLONE_NEWNET), 0);
    body();
  }).join();
}

void Cable::Pull() const { Shell("ip link delete eth0"); }

void Cable::PutIn() const {
  const std::string place =
      "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(there_.get());
  Shell("ip link add eth0 type veth peer name peer netns " + place);
  There([] {
    Shell(
        "ip link set peer up; ip address add 10.9.0.2/16 dev peer;"
        "ip address add fd09::2/64 dev peer nodad");
  });
  Shell(
      "ip link set eth0 up; ip address add 10.9.0.1/16 dev eth0;"
      "ip address add fd09::1/64 dev eth0 nodad");
}

Capture::Capture(const std::string& interface)
    : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0);
}

std::string Capture::Next(uint16_t type) {
  std::array<char, 2048> buffer;
  pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  while (poll(&wait, 1, 5'000) == 1) {
    sockaddr_ll from{};
    socklen_t length = sizeof(from);
    const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (got > 0 && from.sll_pkttype != PACKET_OUTGOING && from.sll_protocol == htons(type))
      return {buffer.data(), static_cast<size_t>(got)};
  }
  return {};
}

size_t Capture::Count(uint16_t type) {
  size_t count = 0;
  std::array<char, 2048> buffer;
  for (;;) {
    sockaddr_ll from{};
    socklen_t length = sizeof(from);
    const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return count;
    if (from.sll_pkttype != PACKET_OUTGOING && from.sll_protocol == htons(type)) ++count;
  }
}

bool RunUntil(asio::io_context& loop, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace aloha::system
