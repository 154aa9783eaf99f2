#include "workers/system/virtual_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace aloha::system {
namespace {

using std::chrono::milliseconds;
using worker::v1::AddressRequest;
using worker::v1::AddressState;

// After the first announcement: neighbours and switches that lost one hear another.
constexpr std::array kBurst = {milliseconds(50), milliseconds(200), milliseconds(1000)};
// A request for another announcement within this time changes nothing.
constexpr milliseconds kAnnouncePause{100};
constexpr std::chrono::seconds kRestorePause{1};
constexpr int kMostRouters = 32;
constexpr int kMostAddresses = 20;

std::string List(const VirtualRouter& router) {
  std::string text;
  for (const IpPrefix& prefix : router.addresses)
    text += (text.empty() ? "" : ", ") + ToString(prefix);
  return fmt::format("{} on {}", text, EscapeForLog(router.Device()));
}

}  // namespace

Result<> VirtualAddresses::Prepare(const worker::v1::SystemSnapshot& snapshot) {
  std::map<std::string, Router> routers;
  if (snapshot.virtual_addresses_size() > kMostRouters)
    return Fail(Code::kInvalidArgument, "at most 32", "system.virtual_addresses");
  for (int i = 0; i < snapshot.virtual_addresses_size(); ++i) {
    const worker::v1::VirtualAddresses& config = snapshot.virtual_addresses(i);
    const std::string field = fmt::format("system.virtual_addresses[{}]", i);
    Result<VirtualRouter> router = ParseVirtualRouter(config);
    if (!router) {
      return Fail(router.error().code, router.error().message, field + "." + router.error().field);
    }
    if (config.addresses_size() > kMostAddresses)
      return Fail(Code::kInvalidArgument, "at most 20", field + ".addresses");
    if (!routers.emplace(router->name, Router{*router}).second)
      return Fail(Code::kInvalidArgument, "two of one name", field + ".router");
  }
  if (!routers.empty() && !announcer_) {
    Result<UniqueFd> announcer = OpenAnnouncer();
    if (!announcer) return tl::make_unexpected(announcer.error());
    announcer_ = std::move(*announcer);
  }
  prepared_ = std::move(routers);
  return {};
}

void VirtualAddresses::Commit() {
  if (!prepared_) return;
  const std::map<std::string, Router> before = std::exchange(routers_, std::move(*prepared_));
  prepared_.reset();
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  for (auto& [name, router] : routers_) {
    const auto old = before.find(name);
    if (old != before.end() && old->second.claimed) {
      if (old->second.config == router.config) {
        router = old->second;
        continue;
      }
      router.claimed = true;
    } else if (old == before.end() && state && state->NumSet(router.config) > 0) {
      log_.Info(fmt::format("{}: found set", List(router.config)));
      router.claimed = true;
    }
    if (!router.claimed) continue;
    if (auto claimed = Claim(router); !claimed)
      log_.Error(fmt::format("{}: {}", List(router.config), claimed.error().message));
  }
  RemoveStrays(before);
}

void VirtualAddresses::RemoveStrays(const std::map<std::string, Router>& before) {
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  if (!state) return log_.Error("virtual addresses: " + state.error().message);
  std::set<std::pair<uint32_t, IpPrefix>> wanted;
  std::set<std::string> devices;
  for (const auto& [name, router] : routers_) {
    const Link* device = FindLink(state->links, router.config.Device());
    if (!router.claimed || device == nullptr) continue;
    devices.insert(device->name);
    for (const IpPrefix& prefix : router.config.addresses) wanted.emplace(device->index, prefix);
  }
  std::set<std::pair<uint32_t, IpPrefix>> strays;
  for (const auto& [name, router] : before) {
    const Link* device = FindLink(state->links, router.config.Device());
    if (!router.claimed || device == nullptr) continue;
    for (const IpPrefix& prefix : router.config.addresses) strays.emplace(device->index, prefix);
  }
  for (const InterfaceAddress& address : state->addresses) {
    if (address.protocol == kVirtual) strays.emplace(address.index, address.prefix);
  }
  for (const auto& [index, prefix] : strays) {
    if (wanted.contains({index, prefix})) continue;
    log_.Info(fmt::format("{} is no virtual address any more", ToString(prefix)));
    if (auto removed = RemoveAddress(netlink_, index, prefix); !removed)
      log_.Error(removed.error().message);
  }
  for (const Link& link : state->links) {
    if (link.ours && link.kind == "macvlan" && !devices.contains(link.name))
      (void)RemoveLink(netlink_, link.index);
  }
  for (const auto& [name, router] : before) Unhush(router.config.interface);
}

AddressState VirtualAddresses::Carry(const AddressRequest& request) {
  AddressState answer;
  answer.set_number(request.number());
  answer.set_router(request.router());
  const auto found = routers_.find(request.router());
  if (found == routers_.end()) {
    answer.set_problem(
        fmt::format("no router \"{}\" in the running snapshot", EscapeForLog(request.router())));
    return answer;
  }
  Router& router = found->second;
  Result<> done;
  switch (request.action()) {
    case AddressRequest::CLAIM:
      done = Claim(router);
      break;
    case AddressRequest::RELEASE:
      done = Release(router);
      break;
    default:
      done = Announce(router);
  }
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  answer.set_held(state && router.claimed &&
                  state->NumSet(router.config) == router.config.addresses.size());
  if (!done) {
    answer.set_problem(done.error().message);
    log_.Error(fmt::format("{}: {}", List(router.config), done.error().message));
  }
  return answer;
}

Result<> VirtualAddresses::Claim(Router& router) {
  const bool before = router.claimed;
  Hush(router.config);
  if (auto set = SetAddresses(netlink_, router.config); !set) {
    // One that held them goes on trying; see OnNetworkChange.
    Unhush(router.config.interface);
    return set;
  }
  router.claimed = true;
  if (!before) log_.Info("set " + List(router.config));
  BeginBurst(router.config.name);
  return AnnounceNow(router);
}

Result<> VirtualAddresses::Release(Router& router) {
  bursts_.erase(router.config.name);
  if (std::exchange(router.claimed, false)) log_.Info("removing " + List(router.config));
  const Result<> removed = RemoveAddresses(netlink_, router.config);
  Unhush(router.config.interface);
  return removed;
}

Result<> VirtualAddresses::Announce(Router& router) {
  if (!router.claimed || Clock::now() - router.announced < kAnnouncePause) return {};
  return AnnounceNow(router);
}

Result<> VirtualAddresses::AnnounceNow(Router& router) {
  router.announced = Clock::now();
  return AnnounceAddresses(netlink_, announcer_.get(), router.config);
}

void VirtualAddresses::BeginBurst(const std::string& name) {
  bursts_.erase(name);
  bursts_.try_emplace(name, loop_);
  AwaitBurst(name);
}

void VirtualAddresses::AwaitBurst(const std::string& name) {
  Burst& burst = bursts_.at(name);
  burst.timer.expires_after(kBurst[burst.done]);
  burst.timer.async_wait([this, name](const asio::error_code& error) {
    const auto found = routers_.find(name);
    if (error || found == routers_.end() || !found->second.claimed) return;
    (void)AnnounceNow(found->second);
    if (++bursts_.at(name).done == kBurst.size()) {
      bursts_.erase(name);
    } else {
      AwaitBurst(name);
    }
  });
}

void VirtualAddresses::ReleaseAll(const std::string& why) {
  if (!holds_any()) return;
  log_.Warning("removing the virtual addresses: " + why);
  for (auto& [name, router] : routers_) {
    if (!router.claimed) continue;
    if (auto released = Release(router); !released) log_.Error(released.error().message);
  }
}

bool VirtualAddresses::holds_any() const {
  return std::any_of(routers_.begin(), routers_.end(),
                     [](const auto& entry) { return entry.second.claimed; });
}

milliseconds VirtualAddresses::keep() const {
  milliseconds longest{0};
  for (const auto& [name, router] : routers_) longest = std::max(longest, router.config.keep);
  return longest;
}

std::vector<AddressState> VirtualAddresses::States() {
  std::vector<AddressState> states;
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  for (const auto& [name, router] : routers_) {
    AddressState& out = states.emplace_back();
    out.set_router(name);
    out.set_held(state && router.claimed &&
                 state->NumSet(router.config) == router.config.addresses.size());
    if (!state) out.set_problem(state.error().message);
  }
  return states;
}

std::vector<worker::v1::InterfaceState> VirtualAddresses::Interfaces() {
  std::set<std::string> names;
  for (const auto& [name, router] : routers_) names.insert(router.config.interface);
  std::vector<worker::v1::InterfaceState> states;
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  for (const std::string& name : names) {
    worker::v1::InterfaceState& out = states.emplace_back();
    out.set_interface(name);
    const Link* link = state ? FindLink(state->links, name) : nullptr;
    if (link == nullptr) continue;
    out.set_up(link->up);
    out.set_index(link->index);
    for (const InterfaceAddress& address : state->addresses) {
      if (address.index == link->index && address.usable && !IsVirtual(address.prefix.ip))
        out.add_addresses(net::FormatIp(address.prefix.ip));
    }
  }
  return states;
}

bool VirtualAddresses::IsVirtual(const net::Ip& ip) const {
  return std::any_of(routers_.begin(), routers_.end(), [&](const auto& entry) {
    const std::vector<IpPrefix>& all = entry.second.config.addresses;
    return std::any_of(all.begin(), all.end(),
                       [&](const IpPrefix& prefix) { return prefix.ip == ip; });
  });
}

void VirtualAddresses::OnNetworkChange() {
  if (!holds_any()) return;
  const Result<NetworkState> state = ReadNetworkState(netlink_);
  if (!state) return;
  for (auto& [name, router] : routers_) {
    const Link* base = FindLink(state->links, router.config.interface);
    if (!router.claimed || base == nullptr || !base->enabled ||
        state->NumSet(router.config) == router.config.addresses.size()) {
      continue;
    }
    if (Clock::now() - router.restored < kRestorePause) {
      ScheduleRestore();
      continue;
    }
    router.restored = Clock::now();
    log_.Warning(fmt::format("{}: gone; setting them again", List(router.config)));
    if (auto claimed = Claim(router); !claimed) log_.Error(claimed.error().message);
  }
}

void VirtualAddresses::ScheduleRestore() {
  if (!restore_timer_) restore_timer_.emplace(loop_);
  restore_timer_->expires_after(kRestorePause);
  restore_timer_->async_wait([this](const asio::error_code& error) {
    if (!error) OnNetworkChange();
  });
}

void VirtualAddresses::Hush(const VirtualRouter& router) {
  if (!router.virtual_mac || router.ipv6() || hushed_.contains(router.interface)) return;
  const Result<std::vector<Link>> links = ReadLinks(netlink_);
  const Link* link = links ? FindLink(*links, router.interface) : nullptr;
  if (link == nullptr) return;
  if (auto before = HushInterface(netlink_, *link)) {
    hushed_[router.interface] = std::move(*before);
  } else {
    log_.Error(before.error().message);
  }
}

void VirtualAddresses::Unhush(const std::string& interface) {
  const auto found = hushed_.find(interface);
  const bool needed = std::any_of(routers_.begin(), routers_.end(), [&](const auto& entry) {
    const auto& [config, claimed, announced, restored] = entry.second;
    return claimed && config.virtual_mac && !config.ipv6() && config.interface == interface;
  });
  if (found == hushed_.end() || needed) return;
  const Result<std::vector<Link>> links = ReadLinks(netlink_);
  const Link* link = links ? FindLink(*links, interface) : nullptr;
  if (link != nullptr && !found->second.empty())
    (void)SetIpv4Settings(netlink_, link->index, found->second);
  hushed_.erase(found);
}

}  // namespace aloha::system
