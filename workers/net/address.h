// An IPv4 or IPv6 address with a TCP port, in 18 bytes.
#ifndef ALOHA_WORKERS_NET_ADDRESS_H_
#define ALOHA_WORKERS_NET_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "workers/runtime/error.h"

namespace aloha::net {

// 16 bytes in network order; IPv4 is kept mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so
// that a client seen through a dual-stack listener is the same client.
using Ip = std::array<uint8_t, 16>;

bool IsIpv4(const Ip& ip);
// Numeric addresses only ("10.0.0.1", "2001:db8::1"). kInvalidArgument otherwise.
Result<Ip> ParseIp(const std::string& text);
// "10.0.0.1", "2001:db8::1".
std::string FormatIp(const Ip& ip);

struct Address {
  Ip ip{};
  uint16_t port = 0;  // host order

  // port: 1 to 65535. kInvalidArgument otherwise.
  static Result<Address> Parse(const std::string& ip, uint32_t port);
  // Of AF_INET and AF_INET6; any other family gives the default value.
  static Address FromSockaddr(const sockaddr_storage& storage);
  // Fills storage for connect() on a socket of Family() and returns its length.
  socklen_t ToSockaddr(sockaddr_storage& storage) const;
  // AF_INET or AF_INET6.
  int Family() const { return IsIpv4(ip) ? AF_INET : AF_INET6; }
  // "10.0.0.1:25", "[2001:db8::1]:25".
  std::string Text() const;

  auto operator<=>(const Address&) const = default;
};

// Well-mixed 64 bits of an address, for tables and source hashing; `seed` makes it a family of
// functions.
uint64_t HashIp(const Ip& ip, uint64_t seed = 0);
// Well-mixed 64 bits of a name.
uint64_t HashName(std::string_view name);
// Finalizer of SplitMix64: every input bit changes half of the output bits.
uint64_t Mix64(uint64_t value);

}  // namespace aloha::net

#endif  // ALOHA_WORKERS_NET_ADDRESS_H_
