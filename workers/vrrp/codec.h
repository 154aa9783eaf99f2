// VRRP packets: version 2 (RFC 3768 section 5.1) and version 3 (RFC 9568 section 5.1).
//
// Parsing judges what a packet says of itself. Whether it concerns a router of this node is decided
// in admission.h.
#ifndef ALOHA_WORKERS_VRRP_CODEC_H_
#define ALOHA_WORKERS_VRRP_CODEC_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "workers/net/address.h"

namespace aloha::vrrp {

// Why a packet changed nothing.
enum class Drop : uint8_t {
  kTtl,          // did not come from this link: TTL or hop limit is not 255
  kChecksum,     // does not add up
  kLength,       // shorter or longer than it says
  kVersion,      // neither 2 nor 3, or not that of the router
  kType,         // no advert
  kVrid,         // of no router here
  kInterval,     // 0, or in version 2 another than that of the router
  kAddresses,    // not those of the router
  kOwnAddress,   // from an address of this node
  kAuthType,     // version 2 with authentication, which RFC 3768 removed
  kCount,        // names no address
  kUnknownPeer,  // not from one of the unicast peers
  kFlood,        // more packets than anybody needs
  kOther,        // no IP packet; a goodbye of one who is no master
};
inline constexpr size_t kDropReasons = static_cast<size_t>(Drop::kOther) + 1;

// The stable word: "ttl", "own_address".
std::string_view DropWord(Drop reason);

// Largest advert that is built: 20 IPv6 addresses.
inline constexpr size_t kMaxBuiltAdvert = 8 + 20 * 16;

// The addresses of an advert, where they stand in the packet; they live as long as it does.
class AddressList {
 public:
  AddressList() = default;
  // bytes: whole addresses of 16 bytes (ipv6) or 4.
  AddressList(std::span<const uint8_t> bytes, bool ipv6) : bytes_(bytes), ipv6_(ipv6) {}

  size_t size() const { return bytes_.size() / width(); }
  net::Ip operator[](size_t index) const;

 private:
  size_t width() const { return ipv6_ ? 16 : 4; }

  std::span<const uint8_t> bytes_;
  bool ipv6_ = false;
};

struct Advert {
  uint8_t version = 3;
  uint8_t vrid = 0;      // 1 to 255
  uint8_t priority = 0;  // 0: the sender gives up
  // Version 2: whole seconds.
  std::chrono::milliseconds interval{0};
  AddressList addresses;  // at least one
};

// A VRRP message with what its IP header said.
struct Message {
  std::span<const uint8_t> bytes;  // behind the IP header
  net::Ip source{}, destination{};
  int hop_limit = 0;  // or TTL
};

// Takes the IPv4 header (RFC 791) off a datagram as a raw socket delivers it.
tl::expected<Message, Drop> OpenIpv4(std::span<const uint8_t> datagram);

// IPv4 or IPv6 is told by the source. In version 3 over IPv4 the checksum may cover a pseudo-header
// or not: both are in use.
tl::expected<Advert, Drop> ParseAdvert(const Message& message);

// What is sent: the same as Advert, with addresses that are not in a packet yet.
struct AdvertContent {
  uint8_t version = 3;
  uint8_t vrid = 0;
  uint8_t priority = 0;
  std::chrono::milliseconds interval{0};
  std::span<const net::Ip> addresses;  // 1 to 20, all of the source's family
};

// Answers the length. Version 3 has its checksum over a pseudo-header in both families.
size_t BuildAdvert(const AdvertContent& content, const net::Ip& source, const net::Ip& destination,
                   std::span<uint8_t, kMaxBuiltAdvert> out_message);

}  // namespace aloha::vrrp

#endif  // ALOHA_WORKERS_VRRP_CODEC_H_
