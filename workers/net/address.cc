#include "workers/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace aloha::net {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool IsIpv4(const Ip& ip) {
  return std::memcmp(ip.data(), kMappedPrefix, sizeof kMappedPrefix) == 0;
}

Result<Ip> ParseIp(const std::string& text) {
  Ip ip{};
  if (inet_pton(AF_INET6, text.c_str(), ip.data()) == 1) return ip;
  std::memcpy(ip.data(), kMappedPrefix, sizeof kMappedPrefix);
  if (inet_pton(AF_INET, text.c_str(), ip.data() + 12) == 1) return ip;
  return Fail(Code::kInvalidArgument,
              "\"" + text + "\" is not an IPv4 or IPv6 address; write numbers, not a name");
}

std::string FormatIp(const Ip& ip) {
  char text[INET6_ADDRSTRLEN];
  if (IsIpv4(ip)) return inet_ntop(AF_INET, ip.data() + 12, text, sizeof text);
  return inet_ntop(AF_INET6, ip.data(), text, sizeof text);
}

Result<Address> Address::Parse(const std::string& ip, uint32_t port) {
  if (port == 0 || port > 65535) {
    return Fail(Code::kInvalidArgument, "port " + std::to_string(port) + " is not 1 to 65535");
  }
  auto parsed = ParseIp(ip);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return Address{*parsed, static_cast<uint16_t>(port)};
}

Address Address::FromSockaddr(const sockaddr_storage& storage) {
  Address address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    std::memcpy(address.ip.data(), kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(address.ip.data() + 12, &in.sin_addr, 4);
    address.port = ntohs(in.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &storage, sizeof in6);
    std::memcpy(address.ip.data(), &in6.sin6_addr, 16);
    address.port = ntohs(in6.sin6_port);
  }
  return address;
}

socklen_t Address::ToSockaddr(sockaddr_storage& storage) const {
  if (IsIpv4(ip)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.data() + 12, 4);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, ip.data(), 16);
  std::memcpy(&storage, &in6, sizeof in6);
  return sizeof in6;
}

std::string Address::Text() const {
  const std::string host = FormatIp(ip);
  return (IsIpv4(ip) ? host : "[" + host + "]") + ":" + std::to_string(port);
}

uint64_t Mix64(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

uint64_t HashIp(const Ip& ip, uint64_t seed) {
  uint64_t halves[2];
  std::memcpy(halves, ip.data(), sizeof halves);
  return Mix64(Mix64(seed ^ halves[0]) ^ halves[1]);
}

uint64_t HashName(std::string_view name) {
  uint64_t hash = name.size();
  while (!name.empty()) {
    const std::string_view part = name.substr(0, 8);
    uint64_t word = 0;
    std::memcpy(&word, part.data(), part.size());
    hash = Mix64(hash ^ word);
    name.remove_prefix(part.size());
  }
  return hash;
}

}  // namespace aloha::net
