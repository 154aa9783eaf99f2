#include "workers/system/netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>

#include "workers/system/capabilities.h"

namespace aloha::system {
namespace {

// The kernel fills at most 32 KiB when there is room for it.
constexpr size_t kReceiveBytes = 32 * 1024;

Code ToCode(int error) {
  switch (error) {
    case EPERM:
      return Code::kPermissionDenied;
    case EEXIST:
      return Code::kAlreadyExists;
    case ENODEV:
    case ENOENT:
    case ESRCH:
    case ENXIO:
    case EADDRNOTAVAIL:
      return Code::kNotFound;
    default:
      return Code::kFailedPrecondition;
  }
}

// What the kernel says beside the number (NETLINK_EXT_ACK); empty: nothing.
std::string Explanation(const nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::string text;
  ForEachOf(message, sizeof(nlmsgerr), [&text](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
        mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
      text = mnl_attr_get_str(attribute);
    }
  });
  return text;
}

// Of NLMSG_ERROR, which also says that all is well.
Result<> ReadAnswer(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr))
    return Fail(Code::kInternal, "netlink: a short answer");
  const auto* answer = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  if (answer->error == 0) return {};
  const int error = -answer->error;
  const std::string explanation = Explanation(message);
  if (ToCode(error) == Code::kPermissionDenied) {
    return Fail(Code::kPermissionDenied, "permission denied: " + NeedsCapability("CAP_NET_ADMIN"));
  }
  return Fail(ToCode(error), explanation.empty() ? std::strerror(error) : explanation);
}

}  // namespace

Result<Netlink> Netlink::Open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return FailErrno("open a netlink socket");
  const int on = 1;
  // Two conveniences that old kernels lack: a text with an error, and no copy of the request.
  setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  const timeval patience{.tv_sec = 5, .tv_usec = 0};  // against a defect, not against load
  if (setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
    return FailErrno("netlink: SO_RCVTIMEO");
  return Netlink(std::move(socket));
}

Result<> Netlink::Do(nlmsghdr* request) {
  request->nlmsg_flags |= NLM_F_ACK;
  return Exchange(request, [](const nlmsghdr*) {});
}

Result<> Netlink::Dump(nlmsghdr* request, const std::function<void(const nlmsghdr*)>& each) {
  return Exchange(request, each);
}

Result<> Netlink::Exchange(nlmsghdr* request, const std::function<void(const nlmsghdr*)>& each) {
  request->nlmsg_seq = ++sequence_;
  if (send(socket_.get(), request, request->nlmsg_len, 0) < 0) return FailErrno("netlink: send");
  std::vector<char> buffer(kReceiveBytes);
  bool interrupted = false;
  for (;;) {
    const ssize_t received = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return FailErrno("netlink: receive");
    int left = static_cast<int>(received);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
         mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence_) continue;  // of a request that was given up
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
      if (message->nlmsg_type == NLMSG_ERROR) return ReadAnswer(message);
      if (message->nlmsg_type == NLMSG_DONE) {
        if (interrupted) return Fail(Code::kAborted, "netlink: the table changed meanwhile");
        return {};
      }
      each(message);
    }
  }
}

}  // namespace aloha::system
