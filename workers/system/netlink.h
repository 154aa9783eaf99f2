// Requests to the kernel's routing tables (rtnetlink(7)), on libmnl.
#ifndef ALOHA_WORKERS_SYSTEM_NETLINK_H_
#define ALOHA_WORKERS_SYSTEM_NETLINK_H_

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::system {

// One request while it is written: the header, a part of fixed form (ifinfomsg …), attributes.
template <typename Body>
class NetlinkRequest {
 public:
  // type: RTM_NEWADDR …; flags: NLM_F_CREATE … beside NLM_F_REQUEST.
  NetlinkRequest(uint16_t type, uint16_t flags)
      : header_(mnl_nlmsg_put_header(buffer_.data())),
        body_(static_cast<Body*>(mnl_nlmsg_put_extra_header(header_, sizeof(Body)))) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  }
  NetlinkRequest(const NetlinkRequest&) = delete;
  NetlinkRequest& operator=(const NetlinkRequest&) = delete;

  Body& body() { return *body_; }
  nlmsghdr* header() { return header_; }

  void Put(uint16_t type, const void* data, size_t size) {
    mnl_attr_put(header_, type, size, data);
  }
  void Put8(uint16_t type, uint8_t value) { mnl_attr_put_u8(header_, type, value); }
  void Put16(uint16_t type, uint16_t value) { mnl_attr_put_u16(header_, type, value); }
  void Put32(uint16_t type, uint32_t value) { mnl_attr_put_u32(header_, type, value); }
  void PutText(uint16_t type, const std::string& text) {
    mnl_attr_put_strz(header_, type, text.c_str());
  }
  // Attributes within an attribute: what `fill` puts.
  template <typename Fill>
  void Nest(uint16_t type, Fill fill) {
    nlattr* nest = mnl_attr_nest_start(header_, type);
    fill();
    mnl_attr_nest_end(header_, nest);
  }

 private:
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};  // far more than any request here needs
  nlmsghdr* header_;
  Body* body_;
};

// Calls `each` for the attributes that lie in `size` bytes.
template <typename Each>
void ForEachAttribute(const void* bytes, size_t size, Each each) {
  int left = static_cast<int>(size);
  for (const auto* attribute = static_cast<const nlattr*>(bytes); mnl_attr_ok(attribute, left);
       attribute = mnl_attr_next(attribute)) {
    each(attribute);
    left -= static_cast<int>(MNL_ALIGN(attribute->nla_len));
  }
}
// Those within an attribute.
template <typename Each>
void ForEachNested(const nlattr* attribute, Each each) {
  ForEachAttribute(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute), each);
}
// Those of a message, behind its part of fixed form.
template <typename Each>
void ForEachOf(const nlmsghdr* message, size_t body_size, Each each) {
  const auto* begin = static_cast<const char*>(mnl_nlmsg_get_payload_offset(message, body_size));
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(message));
  if (begin < end) ForEachAttribute(begin, static_cast<size_t>(end - begin), each);
}

// The attributes of a message by type, those above `kMost` left out; null where there is none.
template <uint16_t kMost>
using Attributes = std::array<const nlattr*, kMost + 1>;

template <uint16_t kMost>
Attributes<kMost> ReadAttributes(const nlmsghdr* message, size_t body_size) {
  Attributes<kMost> found{};
  ForEachOf(message, body_size, [&found](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) <= kMost) found[mnl_attr_get_type(attribute)] = attribute;
  });
  return found;
}

// The kernel answers at once: no call waits for anything outside.
class Netlink {
 public:
  // kInternal when there is no such socket to be had.
  static Result<Netlink> Open();

  // Carries the request out. The message of an error is the kernel's: kPermissionDenied (no
  // CAP_NET_ADMIN), kAlreadyExists, kNotFound (no such interface, address or route), else
  // kFailedPrecondition.
  Result<> Do(nlmsghdr* request);
  // Every entry of a table: `request` asks for one (RTM_GETLINK …), `each` gets the messages.
  // kAborted: the table changed meanwhile, and what was seen may be incomplete.
  Result<> Dump(nlmsghdr* request, const std::function<void(const nlmsghdr*)>& each);

 private:
  explicit Netlink(UniqueFd socket) : socket_(std::move(socket)) {}
  // Sends with a fresh number, then receives until the answer is complete.
  Result<> Exchange(nlmsghdr* request, const std::function<void(const nlmsghdr*)>& each);

  UniqueFd socket_;
  uint32_t sequence_ = 0;
};

// A whole table as a list; `parse` appends what a message says. Tries again while the table changes
// under it.
template <typename Body, typename Entry>
Result<std::vector<Entry>> ReadTable(
    Netlink& netlink, uint16_t type,
    const std::function<void(const nlmsghdr*, std::vector<Entry>&)>& parse) {
  constexpr int kMostTries = 5;
  for (int tries = 1;; ++tries) {
    std::vector<Entry> entries;
    NetlinkRequest<Body> request(type, NLM_F_DUMP);
    const Result<> read =
        netlink.Dump(request.header(), [&](const nlmsghdr* message) { parse(message, entries); });
    if (read) return entries;
    if (read.error().code != Code::kAborted || tries == kMostTries)
      return tl::make_unexpected(read.error());
  }
}

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_NETLINK_H_
