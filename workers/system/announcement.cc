#include "workers/system/announcement.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

#include "workers/system/capabilities.h"

namespace aloha::system {
namespace {

void Append16(std::string& out, uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xff));
}

void Append(std::string& out, const uint8_t* bytes, size_t size) {
  out.append(reinterpret_cast<const char*>(bytes), size);
}

void AppendEthernet(std::string& out, const MacAddress& to, const MacAddress& from, uint16_t type) {
  Append(out, to.data(), to.size());
  Append(out, from.data(), from.size());
  Append16(out, type);
}

// RFC 826.
std::string MakeArp(const MacAddress& mac, const uint8_t* ip) {
  constexpr MacAddress kEverybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, kUnknown = {};
  std::string frame;
  AppendEthernet(frame, kEverybody, mac, ETH_P_ARP);
  Append16(frame, 1);  // Ethernet
  Append16(frame, ETH_P_IP);
  frame.push_back(6);
  frame.push_back(4);
  Append16(frame, 1);  // request
  Append(frame, mac.data(), mac.size());
  Append(frame, ip, 4);
  Append(frame, kUnknown.data(), kUnknown.size());
  Append(frame, ip, 4);
  return frame;
}

// RFC 1071, of an even number of bytes.
uint16_t Checksum(std::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << 8 |
           static_cast<uint8_t>(bytes[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// RFC 4861 section 4.4.
std::string MakeAdvertisement(const MacAddress& mac, const net::Ip& ip) {
  constexpr MacAddress kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};
  constexpr net::Ip kAllNodes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr uint8_t kOverride = 0x20;
  const auto icmp = [&](uint16_t checksum) {
    std::string out = {static_cast<char>(136), 0};
    Append16(out, checksum);
    out += {kOverride, 0, 0, 0};
    Append(out, ip.data(), ip.size());
    out += {2, 1};  // target link-layer address, 8 bytes
    Append(out, mac.data(), mac.size());
    return out;
  };
  std::string pseudo;  // RFC 8200 section 8.1
  Append(pseudo, ip.data(), ip.size());
  Append(pseudo, kAllNodes.data(), kAllNodes.size());
  const auto length = static_cast<uint16_t>(icmp(0).size());
  pseudo += {0, 0};
  Append16(pseudo, length);
  pseudo += {0, 0, 0, IPPROTO_ICMPV6};

  std::string frame;
  AppendEthernet(frame, kAllNodesMac, mac, ETH_P_IPV6);
  frame += {0x60, 0, 0, 0};
  Append16(frame, length);
  frame.push_back(IPPROTO_ICMPV6);
  frame.push_back(static_cast<char>(255));
  Append(frame, ip.data(), ip.size());
  Append(frame, kAllNodes.data(), kAllNodes.size());
  return frame + icmp(Checksum(pseudo + icmp(0)));
}

}  // namespace

std::string MakeAnnouncement(const MacAddress& mac, const net::Ip& ip) {
  return net::IsIpv4(ip) ? MakeArp(mac, ip.data() + 12) : MakeAdvertisement(mac, ip);
}

Result<UniqueFd> OpenAnnouncer() {
  // Protocol 0: it receives nothing.
  UniqueFd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket) return socket;
  if (errno == EPERM) {
    return Fail(Code::kPermissionDenied,
                "announce virtual addresses: " + NeedsCapability("CAP_NET_RAW"));
  }
  return FailErrno("open a packet socket");
}

Result<> SendFrame(int announcer, uint32_t interface_index, const std::string& frame) {
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(interface_index);
  to.sll_halen = ETH_ALEN;
  std::memcpy(to.sll_addr, frame.data(), ETH_ALEN);
  std::memcpy(&to.sll_protocol, frame.data() + 2 * ETH_ALEN, sizeof(to.sll_protocol));
  const ssize_t sent = sendto(announcer, frame.data(), frame.size(), MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  if (sent < 0) return FailErrno("announce");
  return {};
}

}  // namespace aloha::system
