#include "workers/tls/proxy_link.h"

#include <utility>

#include "workers/tls/endpoint.h"

namespace aloha::tls {
namespace {

constexpr uint64_t kNoProxyMs = 5'000, kSlowProxyMs = 30'000;
// The kernel does not tell when a full socket has room for a descriptor again (ETOOMANYREFS), so it
// is tried.
constexpr uint64_t kRetryMs = 20;
constexpr int kMaxPacketsPerTurn = 16;

}  // namespace

ProxyLink::Parcel::Parcel(handoff::v1::FromTls& message, UniqueFd connection, Bounds::Place taken)
    : payload(message.SerializeAsString()), socket(std::move(connection)), place(std::move(taken)) {
  if (message.has_connection()) Wipe(*message.mutable_connection()->mutable_keys());
}

ProxyLink::Parcel::~Parcel() { Wipe(payload); }

ProxyLink::~ProxyLink() {
  if (peer_) reactor_.Unwatch(peer_->socket.get());
  Clear();
}

void ProxyLink::Use(SharedPeer peer) {
  if (peer_) reactor_.Unwatch(peer_->socket.get());
  peer_ = std::move(peer);
  if (peer_) {
    // Any thread may read a request; few are woken for it.
    if (auto watched = reactor_.WatchListener(peer_->socket.get(), *this); !watched) {
      log_.Error("the channel to aloha-proxy: " + watched.error().message);
      peer_.reset();
    }
  }
  Retry();
}

void ProxyLink::LosePeer() {
  if (!peer_->gone.exchange(true)) {
    log_.Warning("aloha-proxy is gone; connections wait for the next one");
  }
  reactor_.Unwatch(peer_->socket.get());
  peer_.reset();
}

bool ProxyLink::TrySend(const Parcel& parcel) {
  if (!peer_) return false;
  const int socket = parcel.socket.get();
  const auto sent =
      SendPacket(peer_->socket.get(), parcel.payload, std::span(&socket, parcel.socket ? 1 : 0));
  if (!sent && sent.error().code != Code::kResourceExhausted) LosePeer();
  return sent.has_value();
}

void ProxyLink::Send(Parcel parcel) {
  if (parcel.peer_id != 0 && (!peer_ || peer_->id != parcel.peer_id)) return Lose(parcel);
  if (queue_.empty() && TrySend(parcel)) return;
  queue_.push_back({std::move(parcel), reactor_.NowMs()});
  waiting_.fetch_add(1, std::memory_order_relaxed);
  if (queue_.size() > 1) return;
  reactor_.timers().Arm(*this, reactor_.NowMs() + kRetryMs);
  owner_.OnBlocked(true);
}

void ProxyLink::Lose(const Parcel& parcel) {
  if (parcel.lost) parcel.lost();
}

void ProxyLink::Retry() {
  if (queue_.empty()) return;
  while (!queue_.empty()) {
    const Waiting& first = queue_.front();
    const bool foreign = first.parcel.peer_id != 0 && (!peer_ || peer_->id != first.parcel.peer_id);
    const uint64_t patience = peer_ ? kSlowProxyMs : kNoProxyMs;
    if (foreign || reactor_.NowMs() - first.since_ms >= patience) {
      Lose(first.parcel);
    } else if (!TrySend(first.parcel)) {
      return reactor_.timers().Arm(*this, reactor_.NowMs() + kRetryMs);
    }
    queue_.pop_front();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  owner_.OnBlocked(false);
}

void ProxyLink::Clear() {
  reactor_.timers().Disarm(*this);
  waiting_.fetch_sub(static_cast<uint32_t>(queue_.size()), std::memory_order_relaxed);
  for (const Waiting& one : queue_) Lose(one.parcel);
  queue_.clear();
}

void ProxyLink::OnEvents(uint32_t, unsigned) {
  for (int i = 0; i < kMaxPacketsPerTurn && peer_; ++i) {
    Result<Packet> packet = ReceivePacket(peer_->socket.get());
    if (!packet) {
      if (packet.error().code == Code::kUnavailable) return LosePeer();
      if (packet.error().code == Code::kResourceExhausted) return;
      continue;
    }
    handoff::v1::ToTls request;
    if (!request.ParseFromString(packet->payload) || packet->descriptors.size() > 1) {
      log_.Warning("aloha-proxy sent a packet that is no message");
      continue;
    }
    UniqueFd socket;
    if (!packet->descriptors.empty()) socket = std::move(packet->descriptors.front());
    owner_.OnProxyRequest(peer_->id, request, std::move(socket));
  }
}

}  // namespace aloha::tls
