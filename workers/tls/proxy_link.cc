#include "workers/tls/proxy_link.h"

#include <algorithm>
#include <utility>

#include "workers/tls/endpoint.h"

namespace aloha::tls {
namespace {

constexpr uint64_t kNoProxyMs = 5'000, kSlowProxyMs = 30'000;
// The kernel does not tell when a full socket has room for a descriptor again (ETOOMANYREFS), so it
// is tried.
constexpr uint64_t kRetryMs = 20;
constexpr int kMaxPacketsPerTurn = 16;
// Proxies that were replaced and live on, and links of a supervisor before this one.
constexpr size_t kMaxEarlierPeers = 8;

}  // namespace

ProxyLink::Parcel::Parcel(handoff::v1::FromTls& message, UniqueFd connection, Bounds::Place taken)
    : payload(message.SerializeAsString()), socket(std::move(connection)), place(std::move(taken)) {
  if (message.has_connection()) Wipe(*message.mutable_connection()->mutable_keys());
}

ProxyLink::Parcel::~Parcel() { Wipe(payload); }

class ProxyLink::Receiver final : public net::EventHandler {
 public:
  Receiver(ProxyLink& link, SharedPeer peer) : link_(link), peer_(std::move(peer)) {}
  ~Receiver() override { link_.reactor_.Unwatch(fd()); }

  const Peer& peer() const { return *peer_; }
  int fd() const { return peer_->socket.get(); }
  // Any thread may read a request; few are woken for it.
  Result<> Watch() { return link_.reactor_.WatchListener(fd(), *this); }

  void OnEvents(uint32_t, unsigned) override {
    for (int i = 0; i < kMaxPacketsPerTurn; ++i) {
      Result<Packet> packet = ReceivePacket(fd());
      if (!packet) {
        if (packet.error().code == Code::kUnavailable) return link_.LosePeer(*this);
        if (packet.error().code == Code::kResourceExhausted) return;
        continue;
      }
      handoff::v1::ToTls request;
      if (!request.ParseFromString(packet->payload) || packet->descriptors.size() > 1) {
        link_.log_.Warning("aloha-proxy sent a packet that is no message");
        continue;
      }
      UniqueFd socket;
      if (!packet->descriptors.empty()) socket = std::move(packet->descriptors.front());
      link_.owner_.OnProxyRequest(peer_->id, request, std::move(socket));
    }
  }

 private:
  ProxyLink& link_;
  const SharedPeer peer_;
};

ProxyLink::ProxyLink(net::Reactor& reactor, Log& log, std::atomic<uint32_t>& waiting, Owner& owner)
    : reactor_(reactor), log_(log), waiting_(waiting), owner_(owner) {}

ProxyLink::~ProxyLink() { Clear(); }

void ProxyLink::FreeLost() { lost_.clear(); }

void ProxyLink::Use(SharedPeer peer) {
  if (!peer) return;
  newest_ = peer->id;
  auto receiver = std::make_unique<Receiver>(*this, std::move(peer));
  if (auto watched = receiver->Watch(); watched) {
    peers_.push_back(std::move(receiver));
  } else {
    log_.Error("the channel to aloha-proxy: " + watched.error().message);
  }
  if (peers_.size() > kMaxEarlierPeers + 1) LosePeer(*peers_.front());
  Retry();
}

void ProxyLink::LosePeer(const Receiver& receiver) {
  const auto lost = std::find_if(peers_.begin(), peers_.end(),
                                 [&](const auto& known) { return known.get() == &receiver; });
  if (lost == peers_.end()) return;
  if (!receiver.peer().gone.exchange(true)) {
    if (receiver.peer().id == newest_) {
      log_.Warning("aloha-proxy is gone; connections wait for the next one");
    } else {
      log_.Info("the link to an earlier aloha-proxy is closed");
    }
  }
  lost_.push_back(std::move(*lost));
  peers_.erase(lost);
}

const ProxyLink::Receiver* ProxyLink::Find(const Parcel& parcel) const {
  const uint64_t id = parcel.peer_id == 0 ? newest_ : parcel.peer_id;
  for (const auto& known : peers_) {
    if (known->peer().id == id) return known.get();
  }
  return nullptr;
}

bool ProxyLink::TrySend(const Receiver& to, const Parcel& parcel) {
  const int socket = parcel.socket.get();
  const auto sent = SendPacket(to.fd(), parcel.payload, std::span(&socket, parcel.socket ? 1 : 0));
  if (!sent && sent.error().code != Code::kResourceExhausted) LosePeer(to);
  return sent.has_value();
}

void ProxyLink::Send(Parcel parcel) {
  const Receiver* const to = Find(parcel);
  if (to == nullptr && parcel.peer_id != 0) return Lose(parcel);
  const bool for_newest = IsForNewest(parcel);
  const bool first = for_newest ? !blocked_ : queue_.empty();
  if (to != nullptr && first && TrySend(*to, parcel)) return;
  queue_.push_back({std::move(parcel), reactor_.NowMs()});
  waiting_.fetch_add(1, std::memory_order_relaxed);
  if (queue_.size() == 1) reactor_.timers().Arm(*this, reactor_.NowMs() + kRetryMs);
  if (for_newest) SetBlocked(true);
}

void ProxyLink::SetBlocked(bool blocked) {
  if (std::exchange(blocked_, blocked) != blocked) owner_.OnBlocked(blocked);
}

void ProxyLink::Lose(const Parcel& parcel) {
  if (parcel.lost) parcel.lost();
}

// In the order they came, as far as each proxy takes them.
void ProxyLink::Retry() {
  if (queue_.empty()) return;
  std::vector<const Receiver*> full;
  std::deque<Waiting> left;
  bool blocked = false;
  for (Waiting& one : queue_) {
    const Receiver* const to = Find(one.parcel);
    const uint64_t patience = to != nullptr ? kSlowProxyMs : kNoProxyMs;
    const bool nobody = to == nullptr && one.parcel.peer_id != 0;
    if (nobody || reactor_.NowMs() - one.since_ms >= patience) {
      Lose(one.parcel);
      continue;
    }
    if (to != nullptr && std::find(full.begin(), full.end(), to) == full.end()) {
      if (TrySend(*to, one.parcel)) continue;
      full.push_back(to);
    }
    blocked = blocked || IsForNewest(one.parcel);
    left.push_back(std::move(one));
  }
  waiting_.fetch_sub(static_cast<uint32_t>(queue_.size() - left.size()), std::memory_order_relaxed);
  queue_ = std::move(left);
  if (!queue_.empty()) reactor_.timers().Arm(*this, reactor_.NowMs() + kRetryMs);
  SetBlocked(blocked);
}

void ProxyLink::Clear() {
  reactor_.timers().Disarm(*this);
  waiting_.fetch_sub(static_cast<uint32_t>(queue_.size()), std::memory_order_relaxed);
  for (const Waiting& one : queue_) Lose(one.parcel);
  queue_.clear();
  blocked_ = false;
}

}  // namespace aloha::tls
