#include "workers/system/vrrp_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "tests/unit/system/networks.h"

namespace aloha::system {
namespace {

using testing::HasSubstr;

sockaddr_storage To(const std::string& address, socklen_t& length) {
  sockaddr_storage to{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&to);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&to);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    length = sizeof(*v4);
  } else {
    inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    length = sizeof(*v6);
  }
  return to;
}

bool Send(int socket, const std::string& address) {
  socklen_t length = 0;
  const sockaddr_storage to = To(address, length);
  return sendto(socket, "advert", 6, 0, reinterpret_cast<const sockaddr*>(&to), length) == 6;
}

// What a packet says of its way: hop limit, and the interface it came in by; -1 and 0: nothing
// came.
struct Arrival {
  int hop_limit = -1;
  unsigned interface = 0;
};

Arrival Receive(int socket, int patience_ms = 5'000) {
  Arrival arrival;
  pollfd wait{.fd = socket, .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, patience_ms) != 1) return arrival;
  std::array<char, 1500> data;
  alignas(cmsghdr) std::array<char, 256> control;
  iovec part{data.data(), data.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(socket, &message, 0) < 6) return arrival;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      arrival.interface = static_cast<unsigned>(info.ipi_ifindex);
      arrival.hop_limit = reinterpret_cast<const iphdr*>(data.data())->ttl;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      arrival.interface = info.ipi6_ifindex;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)
      std::memcpy(&arrival.hop_limit, CMSG_DATA(c), sizeof(arrival.hop_limit));
  }
  return arrival;
}

// One at each end of the cable.
class VrrpSocketTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override { SKIP_UNLESS_ROOT(); }
  bool ipv6() const { return GetParam(); }
  std::string group() const { return ipv6() ? "ff02::12" : "224.0.0.18"; }
  UniqueFd There() const {
    UniqueFd socket;
    cable_.There([&] {
      Netlink netlink = std::move(*Netlink::Open());
      auto opened = OpenVrrpSocket(netlink, {"peer", ipv6()});
      ASSERT_TRUE(opened) << opened.error().message;
      socket = std::move(*opened);
    });
    return socket;
  }

  const Cable cable_;
  Netlink netlink_ = std::move(*Netlink::Open());
};

TEST_P(VrrpSocketTest, CarriesAdvertsByMulticastAndUnicast) {
  const auto here = OpenVrrpSocket(netlink_, {"eth0", ipv6()});
  ASSERT_TRUE(here) << here.error().message;
  EXPECT_TRUE(fcntl(here->get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(here->get(), F_GETFD) & FD_CLOEXEC);
  const UniqueFd there = There();
  for (const std::string& to : {group(), std::string(ipv6() ? "fd09::1" : "10.9.0.1")}) {
    ASSERT_TRUE(Send(there.get(), to)) << std::strerror(errno);
    const Arrival arrival = Receive(here->get());
    EXPECT_EQ(arrival.hop_limit, 255) << to;
    EXPECT_EQ(arrival.interface, if_nametoindex("eth0")) << to;
  }
  ASSERT_TRUE(Send(here->get(), group()));
  EXPECT_EQ(Receive(there.get()).hop_limit, 255);
  EXPECT_EQ(Receive(here->get(), 0).hop_limit, -1) << "its own do not come back";
}

TEST_P(VrrpSocketTest, HearsNothingOfOtherInterfaces) {
  Shell("ip link add other type veth peer name far; ip link set other up; ip link set far up");
  const auto eth0 = OpenVrrpSocket(netlink_, {"eth0", ipv6()});
  const auto other = OpenVrrpSocket(netlink_, {"other", ipv6()});
  ASSERT_TRUE(eth0 && other);
  const UniqueFd there = There();
  ASSERT_TRUE(Send(there.get(), group()));
  EXPECT_EQ(Receive(eth0->get()).hop_limit, 255);
  EXPECT_EQ(Receive(other->get(), 0).hop_limit, -1);
}

TEST_P(VrrpSocketTest, FollowsAnInterfaceThatComesBack) {
  const VrrpEndpoint endpoint{"eth0", ipv6()};
  const auto here = OpenVrrpSocket(netlink_, endpoint);
  ASSERT_TRUE(here) << here.error().message;
  const UniqueFd duplicate(dup(here->get()));  // as aloha-vrrp has it
  // More often than there may be memberships.
  Shell("sysctl -qw net.ipv4.igmp_max_memberships=2");
  for (int i = 0; i < 4; ++i) {
    cable_.Pull();
    EXPECT_TRUE(FollowInterface(netlink_, here->get(), endpoint)) << "nothing to follow yet";
    cable_.PutIn();
    const auto followed = FollowInterface(netlink_, here->get(), endpoint);
    ASSERT_TRUE(followed) << followed.error().message;
  }
  const UniqueFd there = There();
  ASSERT_TRUE(Send(there.get(), group()));
  EXPECT_EQ(Receive(duplicate.get()).interface, if_nametoindex("eth0"));
  ASSERT_TRUE(Send(duplicate.get(), group()));
  EXPECT_EQ(Receive(there.get()).hop_limit, 255);
}

TEST_P(VrrpSocketTest, SaysWhatIsMissing) {
  const auto missing = OpenVrrpSocket(netlink_, {"eth7", ipv6()});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(missing.error().message, HasSubstr("there is no network interface \"eth7\""));
  AsUser(kNobody, [this] {
    const auto refused = OpenVrrpSocket(netlink_, {"eth0", ipv6()});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
    EXPECT_THAT(refused.error().message, HasSubstr("needs CAP_NET_RAW"));
  });
}

INSTANTIATE_TEST_SUITE_P(Families, VrrpSocketTest, testing::Bool(),
                         [](const auto& family) { return family.param ? "Ipv6" : "Ipv4"; });

}  // namespace
}  // namespace aloha::system
