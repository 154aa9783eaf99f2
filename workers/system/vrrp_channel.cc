#include "workers/system/vrrp_channel.h"

#include <utility>

#include "workers/runtime/packet.h"

namespace aloha::system {
namespace {

constexpr int kMostAtOnce = 32;         // then others on the loop have their turn
constexpr size_t kMostWaiting = 1'024;  // notices, far more than there are addresses

}  // namespace

Result<worker::v1::AddressRequest> ParseAddressRequest(const std::string& payload) {
  worker::v1::AddressRequest request;
  if (!request.ParseFromString(payload) || request.router().empty() ||
      request.action() == worker::v1::AddressRequest::ACTION_UNSPECIFIED ||
      !worker::v1::AddressRequest::Action_IsValid(request.action())) {
    return Fail(Code::kInvalidArgument, "not an AddressRequest");
  }
  return request;
}

void VrrpChannel::Connect(UniqueFd socket) {
  channel_ = std::make_shared<Channel>(loop_, socket.release());
  Await(channel_);
}

void VrrpChannel::Await(const ChannelPointer& channel) {
  channel->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [this, channel](const asio::error_code& error) {
                                   if (error || channel != channel_) return;
                                   if (Receive(channel)) Await(channel);
                                 });
}

bool VrrpChannel::Receive(const ChannelPointer& channel) {
  for (int i = 0; i < kMostAtOnce; ++i) {
    const Result<Packet> packet = ReceivePacket(channel->descriptor.native_handle());
    if (!packet && packet.error().code == Code::kResourceExhausted) return true;
    if (!packet) {
      Lose(channel, packet.error().message);
      return false;
    }
    const auto request = ParseAddressRequest(packet->payload);
    if (!request || !packet->descriptors.empty()) {
      Lose(channel, "aloha-vrrp broke the protocol");
      return false;
    }
    on_request_(*request);
    if (channel != channel_) return false;
  }
  return true;
}

void VrrpChannel::Send(const worker::v1::SystemNotice& notice) {
  const ChannelPointer channel = channel_;
  if (!channel) return;
  channel->waiting.push_back(notice.SerializeAsString());
  if (channel->waiting.size() > kMostWaiting) return Lose(channel, "aloha-vrrp does not read");
  if (!channel->writing) Flush(channel);
}

void VrrpChannel::Flush(const ChannelPointer& channel) {
  channel->writing = false;
  while (!channel->waiting.empty()) {
    const Result<> sent = SendPacket(channel->descriptor.native_handle(), channel->waiting.front());
    if (sent) {
      channel->waiting.pop_front();
      continue;
    }
    // The reading side tells when the other end is gone.
    if (sent.error().code != Code::kResourceExhausted) return channel->waiting.clear();
    channel->writing = true;
    channel->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                   [this, channel](const asio::error_code& error) {
                                     if (!error && channel == channel_) Flush(channel);
                                   });
    return;
  }
}

void VrrpChannel::Lose(const ChannelPointer& channel, const std::string& why) {
  if (channel != channel_) return;
  channel_.reset();
  log_.Warning("channel to aloha-vrrp: " + why);
  on_lost_();
}

}  // namespace aloha::system
