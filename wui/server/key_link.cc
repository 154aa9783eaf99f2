#include "wui/server/key_link.h"

#include <chrono>
#include <utility>
#include <vector>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/packet.h"

namespace aloha::wui {
namespace {

constexpr std::chrono::milliseconds kRetry{20};

}  // namespace

KeyLink::KeyLink(asio::io_context& loop, Log& log)
    : loop_(loop), log_(log), channel_(loop_), retry_(loop_) {}

KeyLink::~KeyLink() = default;

void KeyLink::Use(UniqueFd channel) {
  generation_ = std::make_shared<int>();
  asio::error_code ignored;
  channel_.close(ignored);
  channel_.assign(channel.release(), ignored);
  SendAll();
  Await();
}

uint64_t KeyLink::Sign(const std::string& key, uint16_t scheme, std::string_view message,
                       Done done) {
  const uint64_t id = ++last_id_;
  handoff::v1::SignRequests packet;
  handoff::v1::SignRequest* request = packet.add_requests();
  request->set_id(id);
  request->set_key(key);
  request->set_scheme(scheme);
  request->set_message(message.data(), message.size());
  Pending& pending = pending_[id];
  pending = {packet.SerializeAsString(), std::move(done)};
  if (channel_.is_open()) Send(pending);
  return id;
}

void KeyLink::Forget(uint64_t request) { pending_.erase(request); }

// One that is sent twice is signed twice, and its second answer dropped.
void KeyLink::SendAll() {
  for (const auto& [id, pending] : pending_) {
    if (!channel_.is_open() || !Send(pending)) return;
  }
}

bool KeyLink::Send(const Pending& pending) {
  const Result<> sent = SendPacket(channel_.native_handle(), pending.packet);
  if (sent) return true;
  if (sent.error().code != Code::kResourceExhausted) {
    Lose();
    return false;
  }
  retry_.expires_after(kRetry);
  retry_.async_wait([this, alive = std::weak_ptr(generation_)](const asio::error_code& stopped) {
    if (!stopped && !alive.expired()) SendAll();
  });
  return true;
}

void KeyLink::Await() {
  if (!channel_.is_open()) return;
  channel_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, alive = std::weak_ptr(generation_)](const asio::error_code& error) {
                        if (error || alive.expired()) return;
                        Receive();
                        Await();
                      });
}

void KeyLink::Receive() {
  while (channel_.is_open()) {
    const Result<Packet> packet = ReceivePacket(channel_.native_handle());
    if (!packet && packet.error().code == Code::kResourceExhausted) return;
    if (!packet && packet.error().code == Code::kUnavailable) return Lose();
    handoff::v1::SignResponses parsed;
    if (!packet || !parsed.ParseFromString(packet->payload)) {
      log_.Warning("aloha-keys sent a packet that is no message");
      continue;
    }
    for (auto& response : *parsed.mutable_responses()) {
      auto pending = pending_.extract(response.id());
      if (pending.empty()) continue;
      if (response.signature().empty()) {
        pending.mapped().done(Fail(Code::kPermissionDenied, EscapeForLog(response.reason())));
      } else {
        pending.mapped().done(std::move(*response.mutable_signature()));
      }
    }
  }
}

void KeyLink::Lose() {
  log_.Warning("aloha-keys is gone; handshakes wait for the next one");
  asio::error_code ignored;
  channel_.close(ignored);
}

}  // namespace aloha::wui
