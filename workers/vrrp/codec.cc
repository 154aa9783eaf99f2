#include "workers/vrrp/codec.h"

#include <algorithm>

namespace aloha::vrrp {
namespace {

using net::Ip;
using net::IsIpv4;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint8_t kProtocol = 112;
constexpr uint8_t kAdvertisement = 1;
constexpr size_t kHeader = 8;          // before the addresses
constexpr size_t kAuthentication = 8;  // behind them in version 2
constexpr size_t kChecksumAt = 6;
constexpr milliseconds kCentisecond{10};

uint16_t Read16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void Write16(std::span<uint8_t> bytes, size_t at, uint64_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

// The sum of RFC 1071, not folded: adds the bytes as big-endian numbers of 16 bits.
uint64_t Sum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += Read16(bytes, i);
  if (bytes.size() % 2 != 0) sum += static_cast<uint64_t>(bytes.back()) << 8;
  return sum;
}

uint16_t Fold(uint64_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

std::span<const uint8_t> Bytes(const Ip& ip) {
  return IsIpv4(ip) ? std::span(ip).subspan<12>() : std::span<const uint8_t>(ip);
}

// Of both families: RFC 9293 section 3.1 and RFC 8200 section 8.1 add up the same parts.
uint64_t PseudoHeaderSum(const Ip& source, const Ip& destination, size_t length) {
  return Sum(Bytes(source)) + Sum(Bytes(destination)) + kProtocol + length;
}

bool Adds(const Message& message, uint8_t version) {
  constexpr uint16_t kRight = 0xffff;
  const uint64_t sum = Sum(message.bytes);
  const bool ipv4 = IsIpv4(message.source);
  if (ipv4 && Fold(sum) == kRight) return true;
  if (version == 2) return false;
  return Fold(sum + PseudoHeaderSum(message.source, message.destination, message.bytes.size())) ==
         kRight;
}

Ip FromIpv4(std::span<const uint8_t> bytes) {
  Ip ip{};
  ip[10] = ip[11] = 0xff;
  std::copy_n(bytes.begin(), 4, ip.begin() + 12);
  return ip;
}

}  // namespace

std::string_view DropWord(Drop reason) {
  constexpr std::array<std::string_view, kDropReasons> kWords = {
      "ttl",       "checksum",    "length",    "version", "type",         "vrid",  "interval",
      "addresses", "own_address", "auth_type", "count",   "unknown_peer", "flood", "other"};
  return kWords[static_cast<size_t>(reason)];
}

Ip AddressList::operator[](size_t index) const {
  const auto bytes = bytes_.subspan(index * width(), width());
  if (!ipv6_) return FromIpv4(bytes);
  Ip ip{};
  std::copy(bytes.begin(), bytes.end(), ip.begin());
  return ip;
}

tl::expected<Message, Drop> OpenIpv4(std::span<const uint8_t> datagram) {
  constexpr size_t kShortest = 20;
  if (datagram.size() < kShortest || datagram[0] >> 4 != 4) {
    return tl::make_unexpected(Drop::kOther);
  }
  const size_t header = (datagram[0] & 0xf) * size_t{4};
  const size_t total = Read16(datagram, 2);
  if (header < kShortest || total < header || total > datagram.size()) {
    return tl::make_unexpected(Drop::kLength);
  }
  if (datagram[9] != kProtocol) return tl::make_unexpected(Drop::kOther);
  Message message;
  message.hop_limit = datagram[8];
  message.source = FromIpv4(datagram.subspan(12));
  message.destination = FromIpv4(datagram.subspan(16));
  message.bytes = datagram.subspan(header, total - header);
  return message;
}

tl::expected<Advert, Drop> ParseAdvert(const Message& message) {
  const std::span<const uint8_t> bytes = message.bytes;
  if (bytes.size() < kHeader) return tl::make_unexpected(Drop::kLength);
  const bool ipv6 = !IsIpv4(message.source);
  Advert advert;
  advert.version = bytes[0] >> 4;
  if (advert.version != 3 && (advert.version != 2 || ipv6)) {
    return tl::make_unexpected(Drop::kVersion);
  }
  if ((bytes[0] & 0xf) != kAdvertisement) return tl::make_unexpected(Drop::kType);
  const size_t count = bytes[3];
  if (count == 0) return tl::make_unexpected(Drop::kCount);
  if (advert.version == 2 && bytes[4] != 0) return tl::make_unexpected(Drop::kAuthType);
  const size_t addresses = count * (ipv6 ? 16 : 4);
  const size_t trailer = advert.version == 2 ? kAuthentication : 0;
  if (bytes.size() != kHeader + addresses + trailer) return tl::make_unexpected(Drop::kLength);
  if (!Adds(message, advert.version)) return tl::make_unexpected(Drop::kChecksum);
  advert.vrid = bytes[1];
  if (advert.vrid == 0) return tl::make_unexpected(Drop::kVrid);
  advert.priority = bytes[2];
  advert.interval = advert.version == 2 ? milliseconds(seconds(bytes[5]))
                                        : (Read16(bytes, 4) & 0xfff) * kCentisecond;
  if (advert.interval.count() == 0) return tl::make_unexpected(Drop::kInterval);
  advert.addresses = AddressList(bytes.subspan(kHeader, addresses), ipv6);
  return advert;
}

size_t BuildAdvert(const AdvertContent& content, const Ip& source, const Ip& destination,
                   std::span<uint8_t, kMaxBuiltAdvert> out_message) {
  std::fill(out_message.begin(), out_message.end(), 0);
  out_message[0] = static_cast<uint8_t>(content.version << 4 | kAdvertisement);
  out_message[1] = content.vrid;
  out_message[2] = content.priority;
  out_message[3] = static_cast<uint8_t>(content.addresses.size());
  if (content.version == 2) {
    out_message[5] = static_cast<uint8_t>(content.interval / seconds(1));
  } else {
    Write16(out_message, 4, static_cast<uint64_t>(content.interval / kCentisecond));
  }
  size_t length = kHeader;
  for (const Ip& address : content.addresses) {
    const auto bytes = Bytes(address);
    std::copy(bytes.begin(), bytes.end(), out_message.begin() + static_cast<ptrdiff_t>(length));
    length += bytes.size();
  }
  if (content.version == 2) length += kAuthentication;
  uint64_t sum = Sum(out_message.first(length));
  if (content.version == 3) sum += PseudoHeaderSum(source, destination, length);
  Write16(out_message, kChecksumAt, static_cast<uint16_t>(~Fold(sum)));
  return length;
}

}  // namespace aloha::vrrp
