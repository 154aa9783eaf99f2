// Numeric addresses and networks of the configuration.
#ifndef ALOHA_SUPERVISOR_CONFIG_ADDRESS_H_
#define ALOHA_SUPERVISOR_CONFIG_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aloha::supervisor {

struct Address {
  bool v6 = false;
  std::array<uint8_t, 16> bytes = {};  // IPv4: the first four

  int bits() const { return v6 ? 128 : 32; }
  // "0.0.0.0" or "::".
  bool IsWildcard() const { return bytes == std::array<uint8_t, 16>{}; }
  // 224.0.0.0/4, 255.255.255.255, ff00::/8: nobody's own address.
  bool IsMulticast() const;
  // fe80::/10: every interface has its own.
  bool IsLinkLocal() const;
  auto operator<=>(const Address&) const = default;
};

struct Network {
  Address address;  // as written; bits beyond the prefix may be set
  int prefix = 0;

  bool Contains(const Address& other) const;
  // The address with every bit beyond the prefix cleared.
  Address Base() const;
  // No bit is set beyond the prefix.
  bool IsCanonical() const;
};

// IPv4 or IPv6 by inet_pton(3): no host names, no brackets, no zone.
std::optional<Address> ParseAddress(std::string_view text);
// The one canonical form (RFC 5952).
std::string FormatAddress(const Address& address);
// "10.0.0.0/8", or an address alone, which is a network of one.
std::optional<Network> ParseNetwork(std::string_view text);
// "255.255.0.0" (contiguous, IPv4) or "16" to the length of the prefix, at most `bits`.
std::optional<int> ParseNetmask(std::string_view text, int bits);
// "10.0.0.1:25", "[::1]:25".
std::string FormatEndpoint(std::string_view address, uint32_t port);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_ADDRESS_H_
