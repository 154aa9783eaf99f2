#include "wui/gateway/arrivals.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace aloha::gateway {
namespace {

asio::ip::address Plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

void Arrivals::Listen(UniqueFd listener) {
  listener_.reset();
  if (!listener) return;
  listener_.emplace(loop_, listener.release());
  Accept();
}

void Arrivals::Accept() {
  listener_->async_wait(
      asio::posix::stream_descriptor::wait_read,
      [this, fd = listener_->native_handle()](const asio::error_code& error) {
        if (error || !listener_ || listener_->native_handle() != fd) return;
        asio::ip::tcp::endpoint from;
        auto length = static_cast<socklen_t>(from.capacity());
        UniqueFd socket(accept4(fd, from.data(), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
          from.resize(length);
          asio::error_code failed;
          asio::ip::tcp::socket tcp(loop_);
          tcp.assign(from.protocol(), socket.get(), failed);
          if (!failed) {
            (void)socket.release();
            arrived_(std::move(tcp), Plain(from.address()));
          }
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          pause_.expires_after(std::chrono::milliseconds(100));
          return pause_.async_wait([this](const asio::error_code& stopped) {
            if (!stopped && listener_) Accept();
          });
        }
        Accept();
      });
}

std::string ClientOf(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

}  // namespace aloha::gateway
