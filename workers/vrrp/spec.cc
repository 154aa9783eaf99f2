#include "workers/vrrp/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "workers/runtime/log.h"

namespace aloha::vrrp {
namespace {

using worker::v1::VirtualRouter;

constexpr size_t kMaxInterfaceName = 15;
constexpr size_t kMaxPeers = 16;
constexpr uint64_t kLongestDelay = 3'600'000;

tl::unexpected<Error> Refuse(const std::string& path, const char* field, std::string why) {
  return Fail(Code::kInvalidArgument, std::move(why), path + "." + field);
}

Result<> CheckNumbers(const VirtualRouter& router, const std::string& path) {
  if (router.name().empty()) return Refuse(path, "name", "a router needs a name");
  if (router.interface().empty() || router.interface().size() > kMaxInterfaceName) {
    return Refuse(path, "interface", "the name of an interface has 1 to 15 characters");
  }
  if (router.version() != 2 && router.version() != 3) {
    return Refuse(path, "version", "VRRP has the versions 2 and 3");
  }
  if (router.vrid() < 1 || router.vrid() > 255) {
    return Refuse(path, "vrid", "a VRID is 1 to 255");
  }
  if (router.priority() < 1 || router.priority() > 254) {
    return Refuse(path, "priority", "a priority is 1 to 254");
  }
  const uint32_t interval = router.advert_interval_cs();
  if (router.version() == 3 && (interval < 1 || interval > 4095)) {
    return Refuse(path, "advert_interval_cs", "version 3 has intervals of 0.01 to 40.95 s");
  }
  if (router.version() == 2 && (interval < 100 || interval > 25'500 || interval % 100 != 0)) {
    return Refuse(path, "advert_interval_cs", "version 2 has intervals of 1 to 255 whole seconds");
  }
  if (router.preempt_delay_ms() > kLongestDelay) {
    return Refuse(path, "preempt_delay_ms", "the delay is an hour at most");
  }
  return {};
}

Result<std::vector<net::Ip>> ParseAddresses(
    const google::protobuf::RepeatedPtrField<std::string>& texts, size_t most,
    const std::string& field) {
  if (static_cast<size_t>(texts.size()) > most) {
    return Fail(Code::kInvalidArgument, fmt::format("at most {} addresses", most), field);
  }
  std::vector<net::Ip> addresses;
  for (const std::string& text : texts) {
    const Result<net::Ip> ip = net::ParseIp(text);
    if (!ip) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("\"{}\" is not a numeric address", EscapeForLog(text)), field);
    }
    if (std::find(addresses.begin(), addresses.end(), *ip) != addresses.end()) {
      return Fail(Code::kInvalidArgument, fmt::format("{} is there twice", text), field);
    }
    addresses.push_back(*ip);
  }
  return addresses;
}

bool AllOf(const std::vector<net::Ip>& addresses, bool ipv6) {
  return std::all_of(addresses.begin(), addresses.end(),
                     [ipv6](const net::Ip& ip) { return net::IsIpv4(ip) != ipv6; });
}

Result<RouterSpec> MakeSpec(const VirtualRouter& router, const std::string& path) {
  if (const auto checked = CheckNumbers(router, path); !checked) {
    return tl::make_unexpected(checked.error());
  }
  RouterSpec spec;
  auto addresses = ParseAddresses(router.addresses(), kMaxAddresses, path + ".addresses");
  if (!addresses) return tl::make_unexpected(addresses.error());
  if (addresses->empty()) return Refuse(path, "addresses", "a router needs an address");
  spec.addresses = std::move(*addresses);
  auto peers = ParseAddresses(router.peers(), kMaxPeers, path + ".peers");
  if (!peers) return tl::make_unexpected(peers.error());
  spec.peers = std::move(*peers);
  const bool ipv6 = !net::IsIpv4(spec.addresses[0]);
  if (!AllOf(spec.addresses, ipv6)) {
    return Refuse(path, "addresses", "IPv4 and IPv6 addresses need a router each");
  }
  if (!AllOf(spec.peers, ipv6)) {
    return Refuse(path, "peers", "peers must be of the family of the virtual addresses");
  }
  if (ipv6 && router.version() == 2) return Refuse(path, "version", "IPv6 needs version 3");
  spec.name = router.name();
  spec.socket = {router.interface(), ipv6};
  spec.version = static_cast<uint8_t>(router.version());
  spec.vrid = static_cast<uint8_t>(router.vrid());
  spec.priority = static_cast<uint8_t>(router.priority());
  spec.interval = std::chrono::milliseconds(uint64_t{router.advert_interval_cs()} * 10);
  spec.preempt = router.preempt();
  spec.preempt_delay = std::chrono::milliseconds(router.preempt_delay_ms());
  return spec;
}

}  // namespace

Result<std::vector<RouterSpec>> MakePlan(const worker::v1::VrrpSnapshot& snapshot) {
  if (static_cast<size_t>(snapshot.routers_size()) > kMaxRouters) {
    return Fail(Code::kInvalidArgument, fmt::format("at most {} routers", kMaxRouters),
                "vrrp.routers");
  }
  std::vector<RouterSpec> plan;
  for (int i = 0; i < snapshot.routers_size(); ++i) {
    const std::string path = fmt::format("vrrp.routers[{}]", i);
    Result<RouterSpec> spec = MakeSpec(snapshot.routers(i), path);
    if (!spec) return tl::make_unexpected(spec.error());
    for (const RouterSpec& other : plan) {
      if (other.name == spec->name) return Refuse(path, "name", "another router has this name");
      if (other.socket == spec->socket && other.vrid == spec->vrid) {
        return Refuse(path, "vrid", "another router of this interface and family has this VRID");
      }
    }
    plan.push_back(std::move(*spec));
  }
  return plan;
}

}  // namespace aloha::vrrp
