#include "workers/vrrp/advert_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

namespace aloha::vrrp {
namespace {

using net::Ip;

constexpr int kHopLimit = 255;
// More than any advert: 60 bytes of header, 255 IPv6 addresses.
constexpr size_t kMaxPacket = 60 + 8 + 255 * 16 + 8;
// Longest: PKTINFO and HOPLIMIT of IPv6.
using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))>;

Ip GroupOf(bool ipv6) {
  Ip ip{};
  if (ipv6) {
    ip[0] = 0xff;
    ip[1] = 0x02;
    ip[15] = 0x12;
  } else {
    ip[10] = ip[11] = 0xff;
    ip[12] = 224;
    ip[15] = 18;
  }
  return ip;
}

void Set(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof(value));
}

socklen_t ToSockaddr(const Ip& ip, uint32_t interface_index, sockaddr_storage* out_address) {
  const socklen_t length = net::Address{ip, 0}.ToSockaddr(*out_address);
  if (out_address->ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(out_address)->sin6_scope_id = interface_index;
  }
  return length;
}

// Destination and hop limit of what was received over IPv6.
void ReadControl(msghdr& header, Message* out_message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != IPPROTO_IPV6) continue;
    if (control->cmsg_type == IPV6_HOPLIMIT) {
      std::memcpy(&out_message->hop_limit, CMSG_DATA(control), sizeof(int));
    } else if (control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof(info));
      std::memcpy(out_message->destination.data(), &info.ipi6_addr, 16);
    }
  }
}

template <typename Value>
cmsghdr* Put(cmsghdr* control, int level, int type, const Value& value) {
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof(value));
  std::memcpy(CMSG_DATA(control), &value, sizeof(value));
  return reinterpret_cast<cmsghdr*>(reinterpret_cast<char*>(control) + CMSG_SPACE(sizeof(value)));
}

// Answers the length.
size_t WriteControl(const Ip& source, uint32_t interface_index, bool ipv6, ControlBuffer& buffer) {
  auto* const first = reinterpret_cast<cmsghdr*>(buffer.data());
  cmsghdr* next = nullptr;
  if (ipv6) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.data(), 16);
    info.ipi6_ifindex = interface_index;
    next =
        Put(Put(first, IPPROTO_IPV6, IPV6_PKTINFO, info), IPPROTO_IPV6, IPV6_HOPLIMIT, kHopLimit);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.data() + 12, 4);
    info.ipi_ifindex = static_cast<int>(interface_index);
    next = Put(Put(first, IPPROTO_IP, IP_PKTINFO, info), IPPROTO_IP, IP_TTL, kHopLimit);
  }
  return static_cast<size_t>(reinterpret_cast<char*>(next) - buffer.data());
}

}  // namespace

const Ip& AdvertGroup(bool ipv6) {
  static const Ip groups[] = {GroupOf(false), GroupOf(true)};
  return groups[ipv6 ? 1 : 0];
}

AdvertSocket::AdvertSocket(UniqueFd socket, bool ipv6) : socket_(std::move(socket)), ipv6_(ipv6) {
  if (ipv6) {
    Set(fd(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
    Set(fd(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kHopLimit);
    Set(fd(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    Set(fd(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    Set(fd(), IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    Set(fd(), IPPROTO_IP, IP_MULTICAST_TTL, kHopLimit);
  }
  // The class of network control, as RFC 791 names it and others send adverts.
  Set(fd(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_TCLASS : IP_TOS, 0xc0);
  (void)TakeKernelDrops();
}

void AdvertSocket::Join(uint32_t interface_index) {
  const Ip& group = AdvertGroup(ipv6_);
  if (ipv6_) {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.data(), 16);
    request.ipv6mr_interface = interface_index;
    setsockopt(fd(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
  } else {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.data() + 12, 4);
    request.imr_ifindex = static_cast<int>(interface_index);
    setsockopt(fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request));
  }
}

size_t AdvertSocket::Receive(size_t most, const std::function<void(const Message&)>& on_message,
                             const std::function<void(Drop)>& on_drop) {
  for (size_t count = 0; count < most; ++count) {
    std::array<uint8_t, kMaxPacket> packet;
    alignas(cmsghdr) ControlBuffer control;
    sockaddr_storage source{};
    iovec data{packet.data(), packet.size()};
    msghdr header{};
    header.msg_name = &source;
    header.msg_namelen = sizeof(source);
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t length = recvmsg(fd(), &header, MSG_DONTWAIT);
    if (length < 0) return count;  // nothing waits; an error of the interface comes as a notice
    const std::span<const uint8_t> bytes(packet.data(), static_cast<size_t>(length));
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      on_drop(Drop::kLength);
    } else if (ipv6_) {
      Message message;
      message.bytes = bytes;
      message.source = net::Address::FromSockaddr(source).ip;
      ReadControl(header, &message);
      on_message(message);
    } else if (const auto message = OpenIpv4(bytes); message) {
      on_message(*message);
    } else {
      on_drop(message.error());
    }
  }
  return most;
}

Result<> AdvertSocket::Send(std::span<const uint8_t> message, const Ip& source,
                            const Ip& destination, uint32_t interface_index) {
  sockaddr_storage to{};
  alignas(cmsghdr) ControlBuffer control{};
  iovec data{const_cast<uint8_t*>(message.data()), message.size()};
  msghdr header{};
  header.msg_name = &to;
  header.msg_namelen = ToSockaddr(destination, interface_index, &to);
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = WriteControl(source, interface_index, ipv6_, control);
  if (sendmsg(fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    return FailErrno("send to " + net::FormatIp(destination));
  }
  return {};
}

uint64_t AdvertSocket::TakeKernelDrops() {
  std::array<uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t length = sizeof(values);
  if (getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, values.data(), &length) != 0) return 0;
  const uint32_t drops = values[SK_MEMINFO_DROPS];
  return drops - std::exchange(kernel_drops_, drops);  // wraps as the kernel's number does
}

}  // namespace aloha::vrrp
