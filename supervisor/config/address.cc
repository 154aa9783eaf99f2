#include "supervisor/config/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace aloha::supervisor {
namespace {

std::optional<int> ParseNumber(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

bool Address::IsMulticast() const {
  if (v6) return bytes[0] == 0xff;
  return (bytes[0] & 0xf0) == 0xe0 ||
         (bytes[0] == 255 && bytes[1] == 255 && bytes[2] == 255 && bytes[3] == 255);
}

bool Address::IsLinkLocal() const { return v6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }

bool Network::Contains(const Address& other) const {
  return other.v6 == address.v6 && Network{other, prefix}.Base() == Base();
}

Address Network::Base() const {
  Address base = address;
  for (int bit = prefix; bit < address.bits(); ++bit) {
    base.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80 >> (bit % 8)));
  }
  return base;
}

bool Network::IsCanonical() const { return Base() == address; }

std::optional<Address> ParseAddress(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string FormatAddress(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return text;
}

std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = ParseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, address->bits()};
  const auto prefix = ParseNumber(text.substr(slash + 1), address->bits());
  if (!prefix) return std::nullopt;
  return Network{*address, *prefix};
}

std::optional<int> ParseNetmask(std::string_view text, int bits) {
  if (const auto prefix = ParseNumber(text, bits)) return prefix;
  const auto mask = ParseAddress(text);
  if (!mask || mask->v6 || bits != 32) return std::nullopt;
  int prefix = 0;
  while (prefix < 32 && (mask->bytes[prefix / 8] & (0x80 >> (prefix % 8)))) ++prefix;
  if (!Network{*mask, prefix}.IsCanonical()) return std::nullopt;
  return prefix;
}

std::string FormatEndpoint(std::string_view address, uint32_t port) {
  const bool v6 = address.find(':') != std::string_view::npos;
  return v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace aloha::supervisor
