// The direct channel to aloha-vrrp, which works while no supervisor lives.
#ifndef ALOHA_WORKERS_SYSTEM_VRRP_CHANNEL_H_
#define ALOHA_WORKERS_SYSTEM_VRRP_CHANNEL_H_

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "worker/v1/vrrp.pb.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::system {

// One packet of the channel. kInvalidArgument: aloha-vrrp would not send such a one.
Result<worker::v1::AddressRequest> ParseAddressRequest(const std::string& payload);

// All calls on the loop's thread.
class VrrpChannel {
 public:
  // on_request: for each request, in order. on_lost: the channel ended and no other one replaced
  // it.
  VrrpChannel(asio::io_context& loop, Log& log,
              std::function<void(const worker::v1::AddressRequest&)> on_request,
              std::function<void()> on_lost)
      : loop_(loop), log_(log), on_request_(std::move(on_request)), on_lost_(std::move(on_lost)) {}

  // Uses this socket (SOCK_SEQPACKET) from now on.
  void Connect(UniqueFd socket);
  // Ends it, without on_lost.
  void Close() { channel_.reset(); }
  bool connected() const { return channel_ != nullptr; }
  // Without a channel nothing happens. Waits in line while the other side does not read; one that
  // never reads loses its channel.
  void Send(const worker::v1::SystemNotice& notice);

 private:
  struct Channel {
    Channel(asio::io_context& loop, int socket) : descriptor(loop, socket) {}
    asio::posix::stream_descriptor descriptor;
    std::deque<std::string> waiting;
    bool writing = false;
  };
  using ChannelPointer = std::shared_ptr<Channel>;

  void Await(const ChannelPointer& channel);
  // False: the channel ended.
  bool Receive(const ChannelPointer& channel);
  void Flush(const ChannelPointer& channel);
  void Lose(const ChannelPointer& channel, const std::string& why);

  asio::io_context& loop_;
  Log& log_;
  const std::function<void(const worker::v1::AddressRequest&)> on_request_;
  const std::function<void()> on_lost_;
  ChannelPointer channel_;
};

}  // namespace aloha::system

#endif  // ALOHA_WORKERS_SYSTEM_VRRP_CHANNEL_H_
