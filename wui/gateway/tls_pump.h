// One TLS connection with another machine: its handshake, then its bytes to and from a socket in
// clear, behind which gRPC sits. gRPC itself would refuse certificates that it does not know before
// anybody could say why.
#ifndef ALOHA_WUI_GATEWAY_TLS_PUMP_H_
#define ALOHA_WUI_GATEWAY_TLS_PUMP_H_

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "workers/runtime/error.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::gateway {

// Payload, of all pumps.
struct PumpedBytes {
  uint64_t sent = 0;
  uint64_t received = 0;
};

// Control thread. It keeps itself until it ends.
class TlsPump : public std::enable_shared_from_this<TlsPump> {
 public:
  using Socket = asio::ip::tcp::socket;

  // socket: connected. The context stays in use until the connection ends; `bytes` outlives it.
  TlsPump(asio::io_context& loop, Socket socket, std::shared_ptr<asio::ssl::context> context,
          PumpedBytes& bytes);

  // `done` once, or never when Close comes before: kDeadlineExceeded, or kUnavailable with what
  // went wrong.
  void Handshake(asio::ssl::stream_base::handshake_type side, std::chrono::milliseconds timeout,
                 std::function<void(const Result<>&)> done);
  SSL* session() { return stream_.native_handle(); }

  // Carries bytes between the two until either ends, at most `lifetime` (0: for ever); then
  // `ended`.
  void Carry(UniqueFd plain, std::chrono::milliseconds lifetime, std::function<void()> ended);
  // Ends it; `ended` is called.
  void Close();
  bool closed() const { return closed_; }

 private:
  static constexpr size_t kBufferBytes = 16 * 1024;

  void FromNetwork();
  void ToNetwork();
  void Limit(std::chrono::milliseconds time);

  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<Socket> stream_;
  asio::local::stream_protocol::socket plain_;
  asio::steady_timer timer_;
  PumpedBytes& bytes_;
  bool closed_ = false;
  std::function<void(const Result<>&)> shaken_;  // waits for the handshake
  std::function<void()> ended_;
  std::array<char, kBufferBytes> in_{}, out_{};
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_TLS_PUMP_H_
