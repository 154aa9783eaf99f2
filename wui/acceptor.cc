#include "wui/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace aloha::wui {
namespace {

// Out of descriptors or memory, the connection still waits, and asking again at once would only
// burn time.
constexpr std::chrono::milliseconds kPause{100};

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

}  // namespace

class Acceptor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, UniqueFd listener, net::Networks allow_from, Hooks hooks)
      : loop_(loop),
        listener_(loop, listener.release()),
        pause_(loop),
        allow_from_(std::move(allow_from)),
        hooks_(std::move(hooks)) {}

  void Accept() {
    if (accepting_ || !listener_.is_open() || !hooks_.has_room()) return;
    accepting_ = true;
    listener_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const asio::error_code& error) {
                           self->accepting_ = false;
                           if (!error) self->AcceptOne();
                         });
  }

  void Stop() {
    listener_.close();
    pause_.cancel();
  }

  void SetAllowFrom(net::Networks allow_from) { allow_from_ = std::move(allow_from); }
  int listener() { return listener_.native_handle(); }

 private:
  void AcceptOne() {
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    UniqueFd socket(accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && IsShortage(errno)) {
      pause_.expires_after(kPause);
      return pause_.async_wait([self = shared_from_this()](const asio::error_code& stopped) {
        if (!stopped) self->Accept();
      });
    }
    if (socket) Take(std::move(socket), peer);
    Accept();
  }

  void Take(UniqueFd socket, const sockaddr_storage& peer) {
    const net::Address client = net::Address::FromSockaddr(peer);
    if (!allow_from_.empty() && !allow_from_.Contains(client.ip)) return;
    const auto protocol = peer.ss_family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
    asio::ip::tcp::socket stream(loop_);
    asio::error_code failed;
    stream.assign(protocol, socket.get(), failed);
    if (failed) return;
    (void)socket.release();
    hooks_.take(std::move(stream), client);
  }

  asio::io_context& loop_;
  asio::posix::stream_descriptor listener_;
  asio::steady_timer pause_;
  net::Networks allow_from_;
  const Hooks hooks_;
  bool accepting_ = false;
};

Acceptor::Acceptor(asio::io_context& loop, UniqueFd listener, net::Networks allow_from, Hooks hooks)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(allow_from),
                                   std::move(hooks))) {
  impl_->Accept();
}

Acceptor::~Acceptor() { impl_->Stop(); }

void Acceptor::Resume() { impl_->Accept(); }

void Acceptor::SetAllowFrom(net::Networks allow_from) {
  impl_->SetAllowFrom(std::move(allow_from));
}

int Acceptor::listener() const { return impl_->listener(); }

}  // namespace aloha::wui
