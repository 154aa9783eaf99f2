#include "workers/system/announcement.h"

#include <gtest/gtest.h>
#include <net/ethernet.h>

#include "tests/unit/system/networks.h"

namespace aloha::system {
namespace {

constexpr MacAddress kMac = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

std::string Hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

TEST(Announcement, OfIpv4IsAnArpRequestForItself) {
  EXPECT_EQ(Hex(MakeAnnouncement(kMac, *net::ParseIp("192.168.0.253"))),
            "ffffffffffff"
            "021122334455"
            "0806"
            "0001080006040001"
            "021122334455c0a800fd"
            "000000000000c0a800fd");
}

TEST(Announcement, OfIpv6IsANeighbourAdvertisementThatOverrides) {
  EXPECT_EQ(Hex(MakeAnnouncement(kMac, *net::ParseIp("2001:db8::fd"))),
            "333300000001"
            "021122334455"
            "86dd"
            "6000000000203aff"
            "20010db80000000000000000000000fd"
            "ff020000000000000000000000000001"
            "8800909a"
            "20000000"
            "20010db80000000000000000000000fd"
            "0201021122334455");
}

TEST(Announcement, MovesWhatANeighbourBelieves) {
  SKIP_UNLESS_ROOT();
  const Cable cable;
  const UniqueFd announcer = std::move(*OpenAnnouncer());
  Netlink netlink = std::move(*Netlink::Open());
  const auto links = ReadLinks(netlink);
  cable.There([] {
    Shell("ip neighbour add 10.9.0.253 lladdr 02:00:00:00:00:01 nud stale dev peer");
    Shell("ip neighbour add fd09::fd lladdr 02:00:00:00:00:01 nud stale dev peer");
    Shell("sysctl -qw net.ipv4.conf.peer.arp_accept=1");
  });
  for (const char* address : {"10.9.0.253", "fd09::fd"}) {
    const std::string frame = MakeAnnouncement(kMac, *net::ParseIp(address));
    const auto sent = SendFrame(announcer.get(), FindLink(*links, "eth0")->index, frame);
    EXPECT_TRUE(sent) << sent.error().message;
  }
  std::string neighbours;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  do cable.There([&] { neighbours = Shell("ip neighbour show dev peer"); });
  while (neighbours.find("02:00:00:00:00:01") != std::string::npos &&
         std::chrono::steady_clock::now() < end);
  EXPECT_NE(neighbours.find("10.9.0.253 lladdr 02:11:22:33:44:55"), std::string::npos)
      << neighbours;
  EXPECT_NE(neighbours.find("fd09::fd lladdr 02:11:22:33:44:55"), std::string::npos) << neighbours;
}

TEST(Announcement, NamesTheCapabilityThatItLacks) {
  SKIP_UNLESS_ROOT();
  AsUser(kNobody, [] {
    const auto announcer = OpenAnnouncer();
    ASSERT_FALSE(announcer);
    EXPECT_EQ(announcer.error().code, Code::kPermissionDenied);
    EXPECT_NE(announcer.error().message.find("CAP_NET_RAW"), std::string::npos);
  });
}

}  // namespace
}  // namespace aloha::system
