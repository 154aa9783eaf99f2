#include "workers/runtime/signing_client.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "handoff/v1/handoff.pb.h"
#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"

namespace aloha {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

}  // namespace

void SigningClient::Use(UniqueFd channel) {
  channel_ = std::move(channel);
  late_ = false;
}

Result<std::string> SigningClient::Sign(std::string_view key, uint16_t scheme,
                                        std::string_view message) {
  if (!channel_) return Fail(Code::kUnavailable, "aloha-keys is not there");
  const uint64_t id = ++last_id_;
  const Time deadline =
      steady_clock::now() + (late_ ? std::min(kImpatience, patience_) : patience_);
  const Result<> sent = Send(id, key, scheme, message, deadline);
  Result<std::string> signature =
      sent ? Receive(id, deadline) : Result<std::string>(tl::make_unexpected(sent.error()));
  late_ = !signature && signature.error().code == Code::kDeadlineExceeded;
  if (!signature && signature.error().code == Code::kUnavailable) channel_.reset();
  return signature;
}

Result<> SigningClient::Send(uint64_t id, std::string_view key, uint16_t scheme,
                             std::string_view message, Time deadline) {
  handoff::v1::SignRequests packet;
  handoff::v1::SignRequest* request = packet.add_requests();
  request->set_id(id);
  request->set_key(key.data(), key.size());
  request->set_scheme(scheme);
  request->set_message(message.data(), message.size());
  const std::string payload = packet.SerializeAsString();
  while (true) {
    Result<> sent = SendPacket(channel_.get(), payload);
    if (sent || sent.error().code != Code::kResourceExhausted) return sent;
    if (auto room = Await(POLLOUT, deadline); !room) return room;
  }
}

Result<std::string> SigningClient::Receive(uint64_t id, Time deadline) {
  while (true) {
    const Result<Packet> packet = ReceivePacket(channel_.get());
    if (!packet && packet.error().code == Code::kUnavailable)
      return tl::make_unexpected(packet.error());
    if (!packet && packet.error().code == Code::kResourceExhausted) {
      if (auto more = Await(POLLIN, deadline); !more) return tl::make_unexpected(more.error());
      continue;
    }
    handoff::v1::SignResponses parsed;
    if (!packet || !parsed.ParseFromString(packet->payload)) continue;
    for (handoff::v1::SignResponse& response : *parsed.mutable_responses()) {
      if (response.id() != id) continue;
      if (!response.signature().empty()) return std::move(*response.mutable_signature());
      return Fail(Code::kPermissionDenied, EscapeForLog(response.reason()));
    }
  }
}

Result<> SigningClient::Await(short events, Time deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  pollfd wait{.fd = channel_.get(), .events = events, .revents = 0};
  if (left.count() > 0 && poll(&wait, 1, static_cast<int>(left.count())) != 0) return {};
  return Fail(Code::kDeadlineExceeded, "aloha-keys does not answer");
}

}  // namespace aloha
