#include "workers/net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace aloha::net {
namespace {

using Kind = ProxyHeader::Kind;

constexpr std::string_view kV1Prefix = "PROXY ";
constexpr size_t kV1MaxLength = 107;  // CRLF included
constexpr std::string_view kV2Signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kV2FixedLength = 16;
constexpr uint8_t kTcp4 = 0x11, kTcp6 = 0x21;

// True when one of the two is the beginning of the other.
bool SameBeginning(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  return a.substr(0, common) == b.substr(0, common);
}

// Takes the word up to the next space, or all that is left.
std::string_view TakeWord(std::string_view& line) {
  const size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

// Decimal without sign or leading zeros.
bool ParsePort(std::string_view word, uint16_t& port) {
  if (word.empty() || (word.size() > 1 && word[0] == '0')) return false;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  return error == std::errc() && stop == word.data() + word.size();
}

bool ParseIpOfFamily(std::string_view word, bool ipv4, Ip& ip) {
  auto parsed = ParseIp(std::string(word));
  if (!parsed || (word.find(':') == std::string_view::npos) != ipv4) return false;
  ip = *parsed;
  return true;
}

ProxyHeader ParseV1(std::string_view bytes) {
  const size_t end = bytes.substr(0, kV1MaxLength).find("\r\n");
  if (end == std::string_view::npos) {
    return {bytes.size() < kV1MaxLength ? Kind::kIncomplete : Kind::kInvalid};
  }
  ProxyHeader header;
  header.length = end + 2;
  std::string_view line = bytes.substr(kV1Prefix.size(), end - kV1Prefix.size());
  const std::string_view protocol = TakeWord(line);
  if (protocol == "UNKNOWN") {
    header.kind = Kind::kLocal;
    return header;
  }
  const bool ipv4 = protocol == "TCP4";
  if (!ipv4 && protocol != "TCP6") return {Kind::kInvalid};
  const bool complete = ParseIpOfFamily(TakeWord(line), ipv4, header.source.ip) &&
                        ParseIpOfFamily(TakeWord(line), ipv4, header.destination.ip) &&
                        ParsePort(TakeWord(line), header.source.port) &&
                        ParsePort(line, header.destination.port);
  header.kind = complete ? Kind::kAddresses : Kind::kInvalid;
  return header;
}

uint16_t Read16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 |
                               static_cast<uint8_t>(bytes[at + 1]));
}

Ip ReadIp(std::string_view bytes, bool ipv4) {
  Ip ip{};
  if (ipv4) ip[10] = ip[11] = 0xff;
  std::memcpy(ip.data() + (ipv4 ? 12 : 0), bytes.data(), ipv4 ? 4 : 16);
  return ip;
}

ProxyHeader ParseV2(std::string_view bytes) {
  if (bytes.size() < kV2FixedLength) return {Kind::kIncomplete};
  const uint8_t command = bytes[12], family = bytes[13];
  ProxyHeader header;
  header.length = kV2FixedLength + Read16(bytes, 14);
  if (command >> 4 != 2 || (command & 15) > 1 || header.length > kMaxProxyHeader) {
    return {Kind::kInvalid};
  }
  const bool local = (command & 15) == 0 || family == 0;
  const bool ipv4 = family == kTcp4;
  const size_t ip_length = ipv4 ? 4 : 16;
  if (!local) {
    if (!ipv4 && family != kTcp6) return {Kind::kInvalid};
    if (header.length < kV2FixedLength + 2 * ip_length + 4) return {Kind::kInvalid};
  }
  if (bytes.size() < header.length) return {Kind::kIncomplete};
  header.kind = local ? Kind::kLocal : Kind::kAddresses;
  if (local) return header;
  bytes.remove_prefix(kV2FixedLength);
  header.source = {ReadIp(bytes, ipv4), Read16(bytes, 2 * ip_length)};
  header.destination = {ReadIp(bytes.substr(ip_length), ipv4), Read16(bytes, 2 * ip_length + 2)};
  return header;
}

std::string FormatAs(const Ip& ip, bool ipv4) {
  if (ipv4) return FormatIp(ip);
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, ip.data(), text, sizeof text);
}

}  // namespace

ProxyHeader ParseProxyHeader(std::string_view bytes) {
  if (SameBeginning(bytes, kV1Prefix)) {
    return bytes.size() < kV1Prefix.size() ? ProxyHeader{Kind::kIncomplete} : ParseV1(bytes);
  }
  if (SameBeginning(bytes, kV2Signature)) return ParseV2(bytes);
  return {Kind::kInvalid};
}

size_t BuildProxyHeaderV1(const Address& source, const Address& destination,
                          char (&out)[kMaxBuiltProxyHeader]) {
  const bool ipv4 = IsIpv4(source.ip) && IsIpv4(destination.ip);
  char line[kV1MaxLength + 1];  // snprintf ends it with a zero
  const int length =
      std::snprintf(line, sizeof line, "PROXY %s %s %s %u %u\r\n", ipv4 ? "TCP4" : "TCP6",
                    FormatAs(source.ip, ipv4).c_str(), FormatAs(destination.ip, ipv4).c_str(),
                    source.port, destination.port);
  std::memcpy(out, line, length);
  return length;
}

size_t BuildProxyHeaderV2(const Address& source, const Address& destination,
                          char (&out)[kMaxBuiltProxyHeader]) {
  const bool ipv4 = IsIpv4(source.ip) && IsIpv4(destination.ip);
  const size_t ip_length = ipv4 ? 4 : 16, skip = ipv4 ? 12 : 0;
  char* at = std::copy(kV2Signature.begin(), kV2Signature.end(), out);
  *at++ = 0x21;  // version 2, PROXY
  *at++ = ipv4 ? kTcp4 : kTcp6;
  *at++ = 0;
  *at++ = static_cast<char>(2 * ip_length + 4);
  at = std::copy_n(source.ip.data() + skip, ip_length, at);
  at = std::copy_n(destination.ip.data() + skip, ip_length, at);
  for (const uint16_t port : {source.port, destination.port}) {
    *at++ = static_cast<char>(port >> 8);
    *at++ = static_cast<char>(port & 0xff);
  }
  return at - out;
}

}  // namespace aloha::net
