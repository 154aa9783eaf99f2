#include "workers/system/link_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace aloha::system {

LinkWatch::LinkWatch(asio::io_context& loop, UniqueFd socket, std::function<void()> on_change)
    : socket_(loop, socket.release()), on_change_(std::move(on_change)) {
  Await();
}

Result<UniqueFd> LinkWatch::Subscribe() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return FailErrno("open a netlink socket");
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof(groups)) != 0)
    return FailErrno("watch network interfaces");
  return socket;
}

void LinkWatch::Await() {
  socket_.async_wait(
      asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
        if (error) return;
        std::array<char, 4096> ignored;
        // ENOBUFS: notices were lost; that is a change as well.
        while (recv(socket_.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT) >= 0 ||
               errno == ENOBUFS) {
        }
        on_change_();
        Await();
      });
}

}  // namespace aloha::system
