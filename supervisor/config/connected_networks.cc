#include "supervisor/config/connected_networks.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace aloha::supervisor {
namespace {

// linux/route.h and linux/ipv6_route.h.
constexpr uint32_t kUp = 0x1, kGateway = 0x2, kReject = 0x200;
constexpr uint32_t kNotConnected = kGateway | kReject;
constexpr uint32_t kAnycast = 0x00100000, kLocal = 0x80000000;
// What aloha-system calls its interfaces (workers/system).
constexpr std::string_view kOwnInterfaces[] = {"vrrp.", "vrrp6."};

using Fields = std::vector<std::string>;

std::optional<uint32_t> ParseHex(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsUsable(std::string_view interface) {
  if (interface == "lo") return false;
  for (const std::string_view own : kOwnInterfaces) {
    if (interface.starts_with(own)) return false;
  }
  return true;
}

// Iface Destination Gateway Flags RefCnt Use Metric Mask …, numbers as they lie in memory.
std::optional<ConnectedNetwork> ParseIpv4(const Fields& fields) {
  if (fields.size() < 8) return std::nullopt;
  const auto destination = ParseHex(fields[1]), flags = ParseHex(fields[3]),
             mask = ParseHex(fields[7]);
  if (!destination || !flags || !mask || (*flags & kUp) == 0 || (*flags & kNotConnected) != 0) {
    return std::nullopt;
  }
  ConnectedNetwork found;
  std::memcpy(found.network.address.bytes.data(), &*destination, sizeof(*destination));
  found.network.prefix = std::popcount(*mask);
  found.interface = fields[0];
  return found;
}

// Destination prefix source prefix next-hop metric references use flags interface.
std::optional<ConnectedNetwork> ParseIpv6(const Fields& fields) {
  if (fields.size() < 10 || fields[0].size() != 32) return std::nullopt;
  const auto prefix = ParseHex(fields[1]), flags = ParseHex(fields[8]);
  constexpr uint32_t kOthers = kNotConnected | kAnycast | kLocal;
  if (!prefix || *prefix > 128 || !flags || (*flags & kUp) == 0 || (*flags & kOthers) != 0) {
    return std::nullopt;
  }
  ConnectedNetwork found;
  found.network.address.v6 = true;
  for (size_t i = 0; i < found.network.address.bytes.size(); ++i) {
    const auto byte = ParseHex(std::string_view(fields[0]).substr(2 * i, 2));
    if (!byte) return std::nullopt;
    found.network.address.bytes[i] = static_cast<uint8_t>(*byte);
  }
  found.network.prefix = static_cast<int>(*prefix);
  found.interface = fields[9];
  return found;
}

template <typename Parse>
void ParseLines(std::string_view text, Parse parse, ConnectedNetworks& networks) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::optional<ConnectedNetwork> found =
        parse(Fields{std::istream_iterator<std::string>(words), {}});
    // A default route without a router says nothing about where an address belongs.
    if (found && found->network.prefix > 0 && IsUsable(found->interface)) {
      networks.push_back(std::move(*found));
    }
  }
}

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

ConnectedNetworks ParseRoutes(std::string_view ipv4, std::string_view ipv6) {
  ConnectedNetworks networks;
  ParseLines(ipv4, ParseIpv4, networks);
  ParseLines(ipv6, ParseIpv6, networks);
  return networks;
}

ConnectedNetworks ReadConnectedNetworks() {
  return ParseRoutes(ReadAll("/proc/net/route"), ReadAll("/proc/net/ipv6_route"));
}

std::string FindInterface(const ConnectedNetworks& networks, const Address& address) {
  const ConnectedNetwork* best = nullptr;
  for (const ConnectedNetwork& candidate : networks) {
    if (!candidate.network.Contains(address)) continue;
    if (best == nullptr || candidate.network.prefix > best->network.prefix) best = &candidate;
  }
  return best == nullptr ? std::string() : best->interface;
}

}  // namespace aloha::supervisor
