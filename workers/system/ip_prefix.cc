#include "workers/system/ip_prefix.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "workers/runtime/log.h"

namespace aloha::system {

Result<IpPrefix> ParsePrefix(const std::string& text) {
  const size_t slash = text.find('/');
  const Result<net::Ip> ip = net::ParseIp(text.substr(0, slash));
  if (!ip) return tl::make_unexpected(ip.error());
  const uint8_t most = net::IsIpv4(*ip) ? 32 : 128;
  IpPrefix prefix{*ip, most};
  if (slash == std::string::npos) return prefix;
  const char* begin = text.data() + slash + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, prefix.length);
  if (error != std::errc() || stop != end || prefix.length > most) {
    return Fail(Code::kInvalidArgument,
                fmt::format("\"{}\" is not an address with the length of its network, as "
                            "10.0.0.17/16 is",
                            EscapeForLog(text)));
  }
  return prefix;
}

std::string ToString(const IpPrefix& prefix) {
  return fmt::format("{}/{}", net::FormatIp(prefix.ip), prefix.length);
}

bool CanBeAssigned(const net::Ip& ip) {
  if (net::IsIpv4(ip)) return ip[12] != 0 && ip[12] < 224;
  return ip != net::Ip{} && ip[0] != 0xff;
}

IpPrefix ReadPrefix(const void* bytes, size_t size, uint8_t length) {
  IpPrefix prefix;
  if (size == 16) std::memcpy(prefix.ip.data(), bytes, 16);
  if (size == 4) {
    prefix.ip[10] = prefix.ip[11] = 0xff;
    std::memcpy(prefix.ip.data() + 12, bytes, 4);
  }
  if (size == 4 || size == 16) prefix.length = length;
  return prefix;
}

}  // namespace aloha::system
