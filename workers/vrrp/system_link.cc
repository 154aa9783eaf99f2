#include "workers/vrrp/system_link.h"

#include <chrono>
#include <utility>

#include "workers/runtime/log.h"
#include "workers/runtime/packet.h"

namespace aloha::vrrp {
namespace {

using worker::v1::AddressRequest;
using worker::v1::AddressState;
using worker::v1::InterfaceState;
using worker::v1::SystemNotice;

constexpr std::chrono::milliseconds kRetry{5};
// aloha-system does not read: asking for more does not help.
constexpr size_t kMostUnsent = 256;

}  // namespace

void SystemLink::Connect(UniqueFd socket) {
  Disconnect();
  addresses_.clear();
  interfaces_.clear();
  socket_.emplace(loop_, socket.release());
  listener_.OnSystem();
  Wait();
}

void SystemLink::Disconnect() {
  socket_.reset();
  unsent_.clear();
  asked_.clear();
}

void SystemLink::Wait() {
  socket_->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, fd = socket_->native_handle()](const asio::error_code& error) {
                        if (error || !socket_ || socket_->native_handle() != fd) return;
                        Receive();
                        if (socket_) Wait();
                      });
}

void SystemLink::Receive() {
  while (socket_) {
    const Result<Packet> packet = ReceivePacket(socket_->native_handle());
    if (!packet) {
      if (packet.error().code == Code::kInvalidArgument) continue;  // cut off
      // Another channel comes with the next aloha-system.
      if (packet.error().code != Code::kResourceExhausted) Disconnect();
      return;
    }
    SystemNotice notice;
    if (notice.ParseFromString(packet->payload)) Take(notice);
  }
}

void SystemLink::Take(const SystemNotice& notice) {
  if (notice.has_interface()) {
    interfaces_[notice.interface().interface()] = notice.interface();
    return listener_.OnInterface(notice.interface());
  }
  if (!notice.has_address()) return;
  AddressState state = notice.address();
  state.set_problem(EscapeForLog(state.problem()));
  if (const auto asked = asked_.find(state.router()); asked != asked_.end()) {
    if (state.number() != asked->second) return;  // older than what was asked since
    asked_.erase(asked);
  }
  addresses_[state.router()] = state;
  listener_.OnAddresses(state);
}

void SystemLink::Ask(const std::string& router, AddressRequest::Action action) {
  if (!socket_ || unsent_.size() >= kMostUnsent) return;
  AddressRequest& request = unsent_.emplace_back();
  request.set_number(++number_);
  request.set_router(router);
  request.set_action(action);
  asked_[router] = number_;
  Flush();
}

void SystemLink::Flush() {
  while (socket_ && !unsent_.empty()) {
    const Result<> sent = SendPacket(socket_->native_handle(), unsent_.front().SerializeAsString());
    if (sent) {
      unsent_.pop_front();
    } else if (sent.error().code == Code::kResourceExhausted) {
      retry_.expires_after(kRetry);
      retry_.async_wait([this](const asio::error_code& error) {
        if (!error) Flush();
      });
      return;
    } else {
      return;  // what it said before it went is still to be read
    }
  }
}

const AddressState* SystemLink::FindAddresses(const std::string& router) const {
  const auto found = addresses_.find(router);
  return found == addresses_.end() ? nullptr : &found->second;
}

const InterfaceState* SystemLink::FindInterface(const std::string& interface) const {
  const auto found = interfaces_.find(interface);
  return found == interfaces_.end() ? nullptr : &found->second;
}

}  // namespace aloha::vrrp
