// An address with the length of its network, as interfaces and routes have it.
#ifndef ALOHA_WORKERS_SYSTEM_IP_PREFIX_H_
#define ALOHA_WORKERS_SYSTEM_IP_PREFIX_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "workers/net/address.h"
#include "workers/runtime/error.h"

namespace aloha::system {

struct IpPrefix {
  net::Ip ip{};
  uint8_t length = 0;

  // AF_INET or AF_INET6.
  uint8_t family() const { return net::IsIpv4(ip) ? AF_INET : AF_INET6; }
  // The address as the kernel has it: 4 or 16 bytes.
  const uint8_t* bytes() const { return ip.data() + (net::IsIpv4(ip) ? 12 : 0); }
  size_t num_bytes() const { return net::IsIpv4(ip) ? 4 : 16; }

  auto operator<=>(const IpPrefix&) const = default;
};

// "192.168.0.253/24", "2001:db8::7/64"; without a length, that of a single address.
// kInvalidArgument otherwise.
Result<IpPrefix> ParsePrefix(const std::string& text);
// "192.168.0.253/24".
std::string ToString(const IpPrefix& prefix);
// Whether an interface can have the address: no multicast, broadcast or unspecified one.
bool CanBeAssigned(const net::Ip& ip);
// From what the kernel has: 4 or 16 bytes. The default value when `size` is neither.
IpPrefix ReadPrefix(const void* bytes, size_t size, uint8_t length);

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_IP_PREFIX_H_
