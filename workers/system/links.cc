#include "workers/system/links.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "workers/runtime/log.h"

namespace aloha::system {
namespace {

// How an interface made here is known again after a restart (`ip link show` prints it).
constexpr const char* kAlias = "made by aloha-system";

std::string Text(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0) return {};
  return mnl_attr_get_str(attribute);
}

std::string Kind(const nlattr* info) {
  std::string kind;
  if (info == nullptr) return kind;
  ForEachNested(info, [&kind](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) kind = Text(attribute);
  });
  return kind;
}

// IFLA_AF_SPEC > AF_INET > IFLA_INET_CONF: an array.
std::vector<uint32_t> Ipv4Settings(const nlattr* families) {
  std::vector<uint32_t> settings;
  if (families == nullptr) return settings;
  ForEachNested(families, [&settings](const nlattr* family) {
    if (mnl_attr_get_type(family) != AF_INET) return;
    ForEachNested(family, [&settings](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) != IFLA_INET_CONF) return;
      settings.resize(mnl_attr_get_payload_len(attribute) / sizeof(uint32_t));
      std::memcpy(settings.data(), mnl_attr_get_payload(attribute),
                  settings.size() * sizeof(uint32_t));
    });
  });
  return settings;
}

void ParseLink(const nlmsghdr* message, std::vector<Link>& links) {
  if (message->nlmsg_type != RTM_NEWLINK) return;
  const auto* body = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const auto found = ReadAttributes<IFLA_AF_SPEC>(message, sizeof(*body));
  Link link;
  link.name = Text(found[IFLA_IFNAME]);
  link.index = static_cast<uint32_t>(body->ifi_index);
  link.enabled = (body->ifi_flags & IFF_UP) != 0;
  link.up = link.enabled && (body->ifi_flags & IFF_LOWER_UP) != 0;
  link.loopback = (body->ifi_flags & IFF_LOOPBACK) != 0;
  const nlattr* mac = found[IFLA_ADDRESS];
  if (mac != nullptr && mnl_attr_get_payload_len(mac) == link.mac.size()) {
    link.ethernet = body->ifi_type == ARPHRD_ETHER;
    std::memcpy(link.mac.data(), mnl_attr_get_payload(mac), link.mac.size());
  }
  link.kind = Kind(found[IFLA_LINKINFO]);
  if (found[IFLA_LINK] != nullptr) link.parent = mnl_attr_get_u32(found[IFLA_LINK]);
  link.ours = Text(found[IFLA_IFALIAS]) == kAlias;
  link.ipv4_settings = Ipv4Settings(found[IFLA_AF_SPEC]);
  links.push_back(std::move(link));
}

using LinkRequest = NetlinkRequest<ifinfomsg>;

// Of a link upon another: what all kinds have in common. `fill` puts the kind's own, `settle` what
// the kernel takes only from an interface that is there.
Result<> AddLink(Netlink& netlink, LinkRequest& request, const std::string& name, uint32_t parent,
                 const char* kind, const std::function<void()>& fill,
                 const std::function<void(LinkRequest&)>& settle) {
  request.PutText(IFLA_IFNAME, name);
  request.Put32(IFLA_LINK, parent);
  request.Nest(IFLA_LINKINFO, [&] {
    request.PutText(IFLA_INFO_KIND, kind);
    request.Nest(IFLA_INFO_DATA, fill);
  });
  Result<> done = netlink.Do(request.header());
  if (done) {
    LinkRequest second(RTM_SETLINK, 0);
    second.PutText(IFLA_IFNAME, name);
    second.PutText(IFLA_IFALIAS, kAlias);
    settle(second);
    done = netlink.Do(second.header());
    if (!done) {
      LinkRequest remove(RTM_DELLINK, 0);
      remove.PutText(IFLA_IFNAME, name);
      (void)netlink.Do(remove.header());
    }
  }
  if (done) return {};
  return Fail(done.error().code, fmt::format("make interface {} ({}): {}", EscapeForLog(name), kind,
                                             done.error().message));
}

}  // namespace

Result<std::vector<Link>> ReadLinks(Netlink& netlink) {
  return ReadTable<ifinfomsg, Link>(netlink, RTM_GETLINK, ParseLink);
}

const Link* FindLink(const std::vector<Link>& links, const std::string& name) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

const Link* FindLink(const std::vector<Link>& links, uint32_t index) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const Link& link) { return link.index == index; });
  return found == links.end() ? nullptr : &*found;
}

tl::unexpected<Error> NoSuchInterface(const std::string& name) {
  return Fail(Code::kFailedPrecondition,
              fmt::format("there is no network interface \"{}\" (`ip link` lists them)",
                          EscapeForLog(name)));
}

Result<> AddMacvlan(Netlink& netlink, const std::string& name, uint32_t parent,
                    const MacAddress& mac) {
  LinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.Put(IFLA_ADDRESS, mac.data(), mac.size());
  const auto fill = [&] { request.Put32(IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE); };
  // It is there for virtual addresses alone: no link-local one of its own, which two nodes would
  // have at once.
  const auto settle = [](LinkRequest& second) {
    second.Nest(IFLA_AF_SPEC, [&] {
      second.Nest(AF_INET6, [&] { second.Put8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
    });
  };
  return AddLink(netlink, request, name, parent, "macvlan", fill, settle);
}

Result<> AddVlan(Netlink& netlink, const std::string& name, uint32_t parent, uint16_t id) {
  LinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  const auto fill = [&] { request.Put16(IFLA_VLAN_ID, id); };
  return AddLink(netlink, request, name, parent, "vlan", fill, [](LinkRequest&) {});
}

Result<> RemoveLink(Netlink& netlink, uint32_t index) {
  LinkRequest request(RTM_DELLINK, 0);
  request.body().ifi_index = static_cast<int>(index);
  return netlink.Do(request.header());
}

Result<> EnableLink(Netlink& netlink, uint32_t index, bool enable) {
  LinkRequest request(RTM_NEWLINK, 0);
  request.body().ifi_index = static_cast<int>(index);
  request.body().ifi_change = IFF_UP;
  request.body().ifi_flags = enable ? IFF_UP : 0;
  return netlink.Do(request.header());
}

Result<> SetIpv4Settings(Netlink& netlink, uint32_t index,
                         const std::vector<Ipv4Setting>& settings) {
  LinkRequest request(RTM_SETLINK, 0);
  request.body().ifi_index = static_cast<int>(index);
  request.Nest(IFLA_AF_SPEC, [&] {
    request.Nest(AF_INET, [&] {
      request.Nest(IFLA_INET_CONF, [&] {
        for (const Ipv4Setting& setting : settings) request.Put32(setting.setting, setting.value);
      });
    });
  });
  return netlink.Do(request.header());
}

}  // namespace aloha::system
