// Packets of VRRP for tests, well made or spoilt.
#ifndef ALOHA_TESTS_UNIT_VRRP_PACKETS_H_
#define ALOHA_TESTS_UNIT_VRRP_PACKETS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "workers/vrrp/codec.h"

namespace aloha::vrrp {

using Bytes = std::vector<uint8_t>;

inline net::Ip Ip(const std::string& text) { return net::ParseIp(text).value(); }

inline std::vector<net::Ip> Ips(const std::vector<std::string>& texts) {
  std::vector<net::Ip> ips;
  for (const std::string& text : texts) ips.push_back(Ip(text));
  return ips;
}

// The group of the source's family.
inline net::Ip GroupFor(const net::Ip& source) {
  return Ip(net::IsIpv4(source) ? "224.0.0.18" : "ff02::12");
}

struct Sent {
  uint8_t version = 3, vrid = 51, priority = 100;
  std::chrono::milliseconds interval{1000};
  std::string source = "10.0.0.2";
  std::vector<std::string> addresses = {"192.168.0.253"};
};

inline Bytes Build(const Sent& sent) {
  std::array<uint8_t, kMaxBuiltAdvert> buffer;
  const std::vector<net::Ip> addresses = Ips(sent.addresses);
  const net::Ip source = Ip(sent.source);
  const size_t length =
      BuildAdvert({sent.version, sent.vrid, sent.priority, sent.interval, addresses}, source,
                  GroupFor(source), buffer);
  return Bytes(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(length));
}

// The message lives as long as the bytes.
inline Message MessageOf(const Bytes& bytes, const std::string& source = "10.0.0.2",
                         int hop_limit = 255) {
  return {bytes, Ip(source), GroupFor(Ip(source)), hop_limit};
}

// Makes the checksum of a message right again, without a pseudo-header.
inline void FixChecksum(Bytes& bytes) {
  bytes[6] = bytes[7] = 0;
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes[6] = static_cast<uint8_t>(~sum >> 8);
  bytes[7] = static_cast<uint8_t>(~sum);
}

// With a header as a raw socket delivers it; `options`: bytes, a multiple of 4.
inline Bytes Ipv4Datagram(const Bytes& message, const std::string& source = "10.0.0.2",
                          uint8_t ttl = 255, size_t options = 0) {
  Bytes datagram(20 + options, 0);
  const size_t total = datagram.size() + message.size();
  datagram[0] = static_cast<uint8_t>(0x40 | (5 + options / 4));
  datagram[2] = static_cast<uint8_t>(total >> 8);
  datagram[3] = static_cast<uint8_t>(total);
  datagram[8] = ttl;
  datagram[9] = 112;
  const net::Ip from = Ip(source), to = Ip("224.0.0.18");
  std::copy(from.begin() + 12, from.end(), datagram.begin() + 12);
  std::copy(to.begin() + 12, to.end(), datagram.begin() + 16);
  datagram.insert(datagram.end(), message.begin(), message.end());
  return datagram;
}

}  // namespace aloha::vrrp

#endif  // ALOHA_TESTS_UNIT_VRRP_PACKETS_H_
