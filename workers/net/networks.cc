#include "workers/net/networks.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace aloha::net {
namespace {

bool SamePrefix(const Ip& a, const Ip& b, int bits) {
  const int whole = bits / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - bits % 8));
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace

Result<> Networks::Add(const std::string& text) {
  const size_t slash = text.find('/');
  auto ip = ParseIp(text.substr(0, slash));
  if (!ip) return tl::make_unexpected(ip.error());
  const int most = IsIpv4(*ip) ? 32 : 128;
  int bits = most;
  if (slash != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc() || stop != end || bits < 0 || bits > most) {
      return Fail(Code::kInvalidArgument,
                  "\"" + text + "\" is not a network; the prefix is 0 to " + std::to_string(most));
    }
  }
  networks_.push_back({*ip, bits + 128 - most});
  return {};
}

bool Networks::Contains(const Ip& ip) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return SamePrefix(ip, network.ip, network.bits);
  });
}

}  // namespace aloha::net
