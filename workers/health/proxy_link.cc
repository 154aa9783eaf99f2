#include "workers/health/proxy_link.h"

#include <chrono>
#include <utility>

#include "workers/runtime/packet.h"

namespace aloha::health {
namespace {

constexpr size_t kPacketBytes = 56 * 1024;
constexpr std::chrono::milliseconds kRetry{5};

}  // namespace

void ProxyLink::Connect(UniqueFd socket) {
  socket_ = std::move(socket);
  SendAll();
}

void ProxyLink::SendAll() {
  feed_.MarkAll(board_.states().size());
  Flush();
}

void ProxyLink::Send(size_t target) {
  if (!socket_) return;
  feed_.Mark(target);
  Flush();
}

void ProxyLink::Flush() {
  while (socket_ && !feed_.empty()) {
    const worker::v1::TargetStates batch = feed_.Peek(board_.states(), kPacketBytes);
    const Result<> sent = SendPacket(socket_.get(), batch.SerializeAsString());
    if (sent) {
      feed_.Drop(static_cast<size_t>(batch.targets_size()));
    } else if (sent.error().code == Code::kResourceExhausted) {
      retry_.expires_after(kRetry);
      retry_.async_wait([this](const asio::error_code& error) {
        if (!error) Flush();
      });
      return;
    } else {
      // The proxy is gone; the supervisor brings a channel to the next one.
      socket_.reset();
    }
  }
}

}  // namespace aloha::health
