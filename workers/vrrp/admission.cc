#include "workers/vrrp/admission.h"

#include <algorithm>

namespace aloha::vrrp {
namespace {

constexpr int kFromThisLink = 255;
constexpr uint8_t kAddressOwner = 255;

bool IsLinkLocal(const net::Ip& ip) { return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80; }

bool Contains(const std::vector<net::Ip>& addresses, const net::Ip& ip) {
  return std::find(addresses.begin(), addresses.end(), ip) != addresses.end();
}

size_t InCommon(const RouterSpec& spec, const AddressList& list) {
  size_t common = 0;
  for (const net::Ip& ip : spec.addresses) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i] != ip) continue;
      ++common;
      break;
    }
  }
  return common;
}

}  // namespace

std::optional<Drop> RefuseSender(const RouterSpec& spec, const net::Ip& own,
                                 const Message& message) {
  // keepalived sends unicast over IPv6 with a hop limit of 64; a link-local source cannot have come
  // over a router (RFC 4291 section 2.5.6).
  const bool cannot_be_far = !spec.peers.empty() && IsLinkLocal(message.source);
  if (message.hop_limit != kFromThisLink && !cannot_be_far) return Drop::kTtl;
  if (message.source == own) return Drop::kOwnAddress;
  if (!spec.peers.empty() && !Contains(spec.peers, message.source)) return Drop::kUnknownPeer;
  return {};
}

std::optional<Drop> RefuseAdvert(const RouterSpec& spec, const Advert& advert,
                                 const net::Ip& source) {
  if (advert.version != spec.version) return Drop::kVersion;
  if (spec.version == 2 && advert.interval != spec.interval) return Drop::kInterval;
  if (advert.priority == kAddressOwner && Contains(spec.addresses, source)) return {};
  const size_t common = InCommon(spec, advert.addresses);
  const bool same = common == spec.addresses.size() && common == advert.addresses.size();
  if (spec.version == 2 ? !same : common == 0) return Drop::kAddresses;
  return {};
}

}  // namespace aloha::vrrp
