// The first byte chooses the family and whether checksums are made right; the rest is a packet as a
// raw socket delivers it. What is accepted must be bounded, survive being built again, and leave a
// router in a state that it can be in.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/unit/vrrp/packets.h"
#include "workers/vrrp/admission.h"
#include "workers/vrrp/router.h"

namespace aloha::vrrp {
namespace {

void Require(bool holds) {
  if (!holds) abort();
}

struct NoActions final : RouterActions {
  void SendAdvert(const Router&, uint8_t) override {}
  void Ask(const Router&, Action::Action) override {}
  void Changed(const Router&) override {}
  void Tell(const Router&, bool, const std::string&) override {}
};

RouterSpec SpecFor(const Advert& advert, bool ipv6) {
  RouterSpec spec{"fuzz", {"eth0", ipv6}, advert.version, advert.vrid};
  spec.interval = advert.version == 2 ? advert.interval : std::chrono::milliseconds(10);
  for (size_t i = 0; i < std::min(advert.addresses.size(), kMaxAddresses); ++i) {
    spec.addresses.push_back(advert.addresses[i]);
  }
  return spec;
}

void BuildAgain(const Advert& advert, const Message& message, const RouterSpec& spec) {
  if (advert.addresses.size() > kMaxAddresses) return;
  // No router has an IPv4 address in the guise of an IPv6 one.
  for (const net::Ip& address : spec.addresses) {
    if (net::IsIpv4(address) != net::IsIpv4(message.source)) return;
  }
  std::array<uint8_t, kMaxBuiltAdvert> buffer;
  const size_t length =
      BuildAdvert({advert.version, advert.vrid, advert.priority, advert.interval, spec.addresses},
                  message.source, message.destination, buffer);
  const auto again = ParseAdvert({{buffer.data(), length}, message.source, message.destination});
  Require(again && again->version == advert.version && again->priority == advert.priority);
  Require(again->interval == advert.interval && again->vrid == advert.vrid);
  Require(again->addresses.size() == advert.addresses.size() && length == message.bytes.size());
}

void Hear(const Advert& advert, const Message& message, const RouterSpec& spec, bool ipv6) {
  NoActions actions;
  Moment now{TimePoint(std::chrono::hours(1)), 1};
  Router router(spec, actions, now);
  router.OnInterface(Ip(ipv6 ? "fe80::1" : "10.0.0.1"), {}, now);
  for (int i = 0; i < 4; ++i) {
    if (!RefuseSender(spec, router.source(), message)) router.Hear(advert, message.source, now);
    Require(router.next_due() >= now.time && router.state() != State::FAULT);
    now.time = std::max(now.time, router.next_due());
    router.RunDue(now);
  }
  Require(router.next_due() != TimePoint::max());
}

void Try(const Message& message, bool ipv6) {
  const auto advert = ParseAdvert(message);
  if (!advert) return Require(!DropWord(advert.error()).empty());
  Require(advert->vrid != 0 && advert->interval.count() > 0 && advert->addresses.size() > 0);
  const RouterSpec spec = SpecFor(*advert, ipv6);
  (void)RefuseAdvert(spec, *advert, message.source);
  BuildAgain(*advert, message, spec);
  Hear(*advert, message, spec, ipv6);
}

}  // namespace
}  // namespace aloha::vrrp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::vrrp;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const bool ipv6 = (data[0] & 1) != 0, fix = (data[0] & 2) != 0;
  std::vector<uint8_t> packet(data + 1, data + size);
  if (ipv6) {
    Try({packet, Ip("fe80::2"), Ip("ff02::12"), 255}, true);
    return 0;
  }
  const auto opened = OpenIpv4(packet);
  if (!opened) return 0;
  Require(opened->bytes.size() <= packet.size());
  Bytes message(opened->bytes.begin(), opened->bytes.end());
  if (fix && message.size() >= 8) FixChecksum(message);
  Try({message, opened->source, opened->destination, opened->hop_limit}, false);
  return 0;
}
