#include "wui/gateway/tls_pump.h"

#include <netinet/tcp.h>

#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <utility>

#include "workers/runtime/log.h"

namespace aloha::gateway {
namespace {

// How long sent bytes may stay without an acknowledgement: a machine that is gone is noticed.
constexpr unsigned kUnacknowledgedMs = 10'000;

void Tune(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedMs, sizeof(kUnacknowledgedMs));
}

}  // namespace

TlsPump::TlsPump(asio::io_context& loop, Socket socket, std::shared_ptr<asio::ssl::context> context,
                 PumpedBytes& bytes)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      plain_(loop),
      timer_(loop),
      bytes_(bytes) {
  Tune(stream_.next_layer().native_handle());
}

void TlsPump::Limit(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this()](const asio::error_code& stopped) {
    if (stopped) return;
    const auto shaken = std::exchange(self->shaken_, nullptr);
    self->Close();
    if (shaken) shaken(Fail(Code::kDeadlineExceeded, "no TLS handshake in time"));
  });
}

void TlsPump::Handshake(asio::ssl::stream_base::handshake_type side,
                        std::chrono::milliseconds timeout,
                        std::function<void(const Result<>&)> done) {
  shaken_ = std::move(done);
  Limit(timeout);
  stream_.async_handshake(side, [self = shared_from_this()](const asio::error_code& error) {
    const auto shaken = std::exchange(self->shaken_, nullptr);
    if (!shaken) return;
    self->timer_.cancel();
    if (!error) return shaken({});
    shaken(Fail(Code::kUnavailable, "TLS handshake: " + EscapeForLog(error.message())));
  });
}

void TlsPump::Carry(UniqueFd plain, std::chrono::milliseconds lifetime,
                    std::function<void()> ended) {
  ended_ = std::move(ended);
  asio::error_code error;
  plain_.assign(asio::local::stream_protocol(), plain.get(), error);
  if (error || closed_) return Close();
  (void)plain.release();
  if (lifetime.count() > 0) Limit(lifetime);
  FromNetwork();
  ToNetwork();
}

void TlsPump::Close() {
  closed_ = true;
  shaken_ = nullptr;
  timer_.cancel();
  asio::error_code ignored;
  // Without a farewell of TLS: what is inside says itself where it ends.
  stream_.next_layer().close(ignored);
  plain_.close(ignored);
  if (auto ended = std::exchange(ended_, nullptr)) ended();
}

void TlsPump::FromNetwork() {
  auto self = shared_from_this();
  stream_.async_read_some(asio::buffer(in_),
                          [this, self](const asio::error_code& error, size_t count) {
                            if (error || closed_) return Close();
                            bytes_.received += count;
                            asio::async_write(plain_, asio::buffer(in_.data(), count),
                                              [this, self](const asio::error_code& failed, size_t) {
                                                if (failed || closed_) return Close();
                                                FromNetwork();
                                              });
                          });
}

void TlsPump::ToNetwork() {
  auto self = shared_from_this();
  plain_.async_read_some(asio::buffer(out_),
                         [this, self](const asio::error_code& error, size_t count) {
                           if (error || closed_) return Close();
                           bytes_.sent += count;
                           asio::async_write(stream_, asio::buffer(out_.data(), count),
                                             [this, self](const asio::error_code& failed, size_t) {
                                               if (failed || closed_) return Close();
                                               ToNetwork();
                                             });
                         });
}

}  // namespace aloha::gateway
