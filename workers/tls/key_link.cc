#include "workers/tls/key_link.h"

#include <algorithm>
#include <map>
#include <utility>

#include "workers/runtime/packet.h"

namespace aloha::tls {
namespace {

// Requests in a packet: far below what it can hold.
constexpr size_t kBatch = 64;
constexpr uint64_t kRetryMs = 20;
constexpr int kThreadShift = 48;  // of the number in a request

}  // namespace

KeyLink::KeyLink(uint32_t thread, net::Reactor& reactor, Log& log, PassOn pass_on)
    : thread_(thread),
      reactor_(reactor),
      log_(log),
      pass_on_(std::move(pass_on)),
      last_id_(uint64_t{thread} << kThreadShift) {}

KeyLink::~KeyLink() {
  if (peer_) reactor_.Unwatch(peer_->socket.get());
  reactor_.timers().Disarm(*this);
}

void KeyLink::Use(SharedPeer peer) {
  if (peer_) reactor_.Unwatch(peer_->socket.get());
  peer_ = std::move(peer);
  if (peer_) {
    // Any thread may read a response; few are woken for it.
    if (auto watched = reactor_.WatchListener(peer_->socket.get(), *this); !watched) {
      log_.Error("the channel to aloha-keys: " + watched.error().message);
      peer_.reset();
    }
  }
  unsent_.clear();
  for (const auto& [id, pending] : pending_) unsent_.push_back(id);
  std::sort(unsent_.begin(), unsent_.end());
  Flush();
}

void KeyLink::LosePeer() {
  if (!peer_->gone.exchange(true)) {
    log_.Warning("aloha-keys is gone; handshakes wait for the next one");
  }
  Use(nullptr);
}

uint64_t KeyLink::Sign(const std::string& key, uint16_t scheme, std::string_view message,
                       SignatureWaiter& waiter) {
  Pending& pending = pending_[++last_id_];
  pending.request.set_id(last_id_);
  pending.request.set_key(key);
  pending.request.set_scheme(scheme);
  pending.request.set_message(message.data(), message.size());
  pending.waiter = &waiter;
  unsent_.push_back(last_id_);
  return last_id_;
}

void KeyLink::Flush() {
  while (peer_ && !unsent_.empty()) {
    handoff::v1::SignRequests batch;
    const size_t count = std::min(unsent_.size(), kBatch);
    for (size_t i = 0; i < count; ++i) {
      const auto pending = pending_.find(unsent_[i]);
      if (pending != pending_.end()) *batch.add_requests() = pending->second.request;
    }
    if (batch.requests_size() > 0) {
      const auto sent = SendPacket(peer_->socket.get(), batch.SerializeAsString());
      if (!sent && sent.error().code == Code::kResourceExhausted) {
        return reactor_.timers().Arm(*this, reactor_.NowMs() + kRetryMs);
      }
      if (!sent) return LosePeer();
    }
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<ptrdiff_t>(count));
  }
}

void KeyLink::OnEvents(uint32_t, unsigned) {
  if (peer_) Receive();
}

void KeyLink::Receive() {
  Result<Packet> packet = ReceivePacket(peer_->socket.get());
  if (!packet) {
    if (packet.error().code == Code::kUnavailable) LosePeer();
    return;
  }
  handoff::v1::SignResponses message;
  if (!message.ParseFromString(packet->payload)) {
    return log_.Warning("aloha-keys sent a packet that is no message");
  }
  std::map<uint32_t, SignResponseList> by_thread;
  for (auto& response : *message.mutable_responses()) {
    by_thread[static_cast<uint32_t>(response.id() >> kThreadShift)].push_back(std::move(response));
  }
  for (auto& [thread, responses] : by_thread) {
    if (thread == thread_) {
      Take(std::move(responses));
    } else {
      pass_on_(thread, std::move(responses));
    }
  }
}

void KeyLink::Take(SignResponseList responses) {
  for (auto& response : responses) {
    const auto pending = pending_.find(response.id());
    if (pending == pending_.end()) continue;
    SignatureWaiter& waiter = *pending->second.waiter;
    pending_.erase(pending);
    if (response.signature().empty()) {
      waiter.OnSignature(Fail(Code::kPermissionDenied, EscapeForLog(response.reason())));
    } else {
      waiter.OnSignature(std::move(*response.mutable_signature()));
    }
  }
}

}  // namespace aloha::tls
