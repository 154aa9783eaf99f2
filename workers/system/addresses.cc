#include "workers/system/addresses.h"

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <cstring>

namespace aloha::system {
namespace {

// linux/if_addr.h of older kernels has it not; they ignore it.
constexpr uint16_t kAddressProtocol = 11;  // IFA_PROTO

IpPrefix ReadIp(const nlattr* attribute, uint8_t length) {
  return ReadPrefix(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute), length);
}

void ParseAddress(const nlmsghdr* message, std::vector<InterfaceAddress>& addresses) {
  if (message->nlmsg_type != RTM_NEWADDR) return;
  const auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const auto found = ReadAttributes<kAddressProtocol>(message, sizeof(*body));
  // Point-to-point links have the peer's in IFA_ADDRESS.
  const nlattr* ip = found[IFA_LOCAL] != nullptr ? found[IFA_LOCAL] : found[IFA_ADDRESS];
  if (ip == nullptr) return;
  InterfaceAddress address;
  address.index = body->ifa_index;
  address.prefix = ReadIp(ip, body->ifa_prefixlen);
  if (found[kAddressProtocol] != nullptr)
    address.protocol = mnl_attr_get_u8(found[kAddressProtocol]);
  const uint32_t flags =
      found[IFA_FLAGS] != nullptr ? mnl_attr_get_u32(found[IFA_FLAGS]) : body->ifa_flags;
  address.usable = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
  addresses.push_back(address);
}

void FillAddress(NetlinkRequest<ifaddrmsg>& request, uint32_t index, const IpPrefix& prefix) {
  request.body().ifa_family = prefix.family();
  request.body().ifa_prefixlen = prefix.length;
  request.body().ifa_index = index;
  request.Put(IFA_LOCAL, prefix.bytes(), prefix.num_bytes());
  request.Put(IFA_ADDRESS, prefix.bytes(), prefix.num_bytes());
}

void ParseHops(const nlattr* hops, Route route, std::vector<Route>& routes) {
  const auto* hop = static_cast<const rtnexthop*>(mnl_attr_get_payload(hops));
  int left = mnl_attr_get_payload_len(hops);
  while (RTNH_OK(hop, left)) {
    ForEachAttribute(RTNH_DATA(hop), hop->rtnh_len - sizeof(*hop), [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) != RTA_GATEWAY) return;
      route.router = ReadIp(attribute, 0).ip;
      route.index = static_cast<uint32_t>(hop->rtnh_ifindex);
      routes.push_back(route);
    });
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
}

// One entry for each router of a route.
void ParseRoute(const nlmsghdr* message, std::vector<Route>& routes) {
  if (message->nlmsg_type != RTM_NEWROUTE) return;
  const auto* body = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  const auto found = ReadAttributes<RTA_TABLE>(message, sizeof(*body));
  const uint32_t table =
      found[RTA_TABLE] != nullptr ? mnl_attr_get_u32(found[RTA_TABLE]) : body->rtm_table;
  if (table != RT_TABLE_MAIN || body->rtm_type != RTN_UNICAST ||
      (body->rtm_flags & RTM_F_CLONED) != 0) {
    return;
  }
  Route route;
  if (found[RTA_DST] != nullptr) {
    route.network = ReadIp(found[RTA_DST], body->rtm_dst_len);
  } else if (body->rtm_family == AF_INET) {
    constexpr uint8_t kAny[4] = {};
    route.network = ReadPrefix(kAny, sizeof(kAny), 0);
  }
  route.protocol = body->rtm_protocol;
  if (found[RTA_PRIORITY] != nullptr) route.metric = mnl_attr_get_u32(found[RTA_PRIORITY]);
  if (found[RTA_GATEWAY] != nullptr && found[RTA_OIF] != nullptr) {
    route.router = ReadIp(found[RTA_GATEWAY], 0).ip;
    route.index = mnl_attr_get_u32(found[RTA_OIF]);
    routes.push_back(route);
  }
  if (found[RTA_MULTIPATH] != nullptr) ParseHops(found[RTA_MULTIPATH], route, routes);
}

void FillRoute(NetlinkRequest<rtmsg>& request, const Route& route) {
  const IpPrefix router{route.router, 0};
  request.body().rtm_family = route.network.family();
  request.body().rtm_dst_len = route.network.length;
  request.body().rtm_table = RT_TABLE_MAIN;
  request.body().rtm_type = RTN_UNICAST;
  request.body().rtm_scope = RT_SCOPE_UNIVERSE;
  request.body().rtm_protocol = route.protocol;
  if (route.network.length > 0)
    request.Put(RTA_DST, route.network.bytes(), route.network.num_bytes());
  request.Put(RTA_GATEWAY, router.bytes(), router.num_bytes());
  if (route.index != 0) request.Put32(RTA_OIF, route.index);
  if (route.metric != 0) request.Put32(RTA_PRIORITY, route.metric);
}

Result<> Explain(const char* act, const std::string& what, const Result<>& done) {
  if (done) return {};
  return Fail(done.error().code, fmt::format("{} {}: {}", act, what, done.error().message));
}

}  // namespace

bool InterfaceAddress::IsLinkLocal() const {
  return prefix.family() == AF_INET6 && prefix.ip[0] == 0xfe && (prefix.ip[1] & 0xc0) == 0x80;
}

Result<std::vector<InterfaceAddress>> ReadAddresses(Netlink& netlink) {
  return ReadTable<ifaddrmsg, InterfaceAddress>(netlink, RTM_GETADDR, ParseAddress);
}

Result<> AddAddress(Netlink& netlink, const InterfaceAddress& address, bool at_once) {
  NetlinkRequest<ifaddrmsg> request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  FillAddress(request, address.index, address.prefix);
  if (address.prefix.family() == AF_INET6 && at_once) request.body().ifa_flags = IFA_F_NODAD;
  if (address.protocol != 0) request.Put8(kAddressProtocol, address.protocol);
  const Result<> done = netlink.Do(request.header());
  if (!done && done.error().code == Code::kAlreadyExists) return {};
  return Explain("set address", ToString(address.prefix), done);
}

Result<> RemoveAddress(Netlink& netlink, uint32_t index, const IpPrefix& prefix) {
  NetlinkRequest<ifaddrmsg> request(RTM_DELADDR, 0);
  FillAddress(request, index, prefix);
  const Result<> done = netlink.Do(request.header());
  if (!done && done.error().code == Code::kNotFound) return {};
  return Explain("remove address", ToString(prefix), done);
}

Result<std::vector<Route>> ReadRoutes(Netlink& netlink) {
  return ReadTable<rtmsg, Route>(netlink, RTM_GETROUTE, ParseRoute);
}

Result<> AddRoute(Netlink& netlink, const Route& route) {
  NetlinkRequest<rtmsg> request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND);
  FillRoute(request, route);
  return Explain("set route", ToString(route), netlink.Do(request.header()));
}

Result<> RemoveRoute(Netlink& netlink, const Route& route) {
  NetlinkRequest<rtmsg> request(RTM_DELROUTE, 0);
  FillRoute(request, route);
  const Result<> done = netlink.Do(request.header());
  if (!done && done.error().code == Code::kNotFound) return {};
  return Explain("remove route", ToString(route), done);
}

std::string ToString(const Route& route) {
  return fmt::format("{} via {}", route.network.length == 0 ? "default" : ToString(route.network),
                     net::FormatIp(route.router));
}

}  // namespace aloha::system
