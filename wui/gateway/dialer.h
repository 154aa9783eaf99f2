// Connections from this node to another one.
#ifndef ALOHA_WUI_GATEWAY_DIALER_H_
#define ALOHA_WUI_GATEWAY_DIALER_H_

#include <grpcpp/channel.h>

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/v1/gateway.pb.h"
#include "workers/runtime/error.h"
#include "wui/gateway/tls_identity.h"
#include "wui/gateway/tls_pump.h"

namespace aloha::gateway {

struct Connected {
  std::shared_ptr<grpc::Channel> channel;
  node::NodeKey node_key{};
  std::shared_ptr<TlsPump> pump;  // Close() ends the connection
};

// Control thread. All arguments outlive it.
class Dialer {
 public:
  using Done = std::function<void(Result<Connected>)>;

  Dialer(asio::io_context& loop, const TlsIdentity& identity, PumpedBytes& bytes)
      : loop_(loop), identity_(identity), bytes_(bytes) {}

  // Connects to a node: with `expected`, to the one that has this key. kUnavailable,
  // kInvalidArgument with the reason. `ended` is called when a connection that was made has ended.
  void Dial(const std::string& address, uint32_t port, std::optional<node::NodeKey> expected,
            Done done, std::function<void()> ended);

 private:
  struct Attempt;

  void Handshake(const std::shared_ptr<Attempt>& attempt);
  Result<Connected> Take(Attempt& attempt);

  asio::io_context& loop_;
  const TlsIdentity& identity_;
  PumpedBytes& bytes_;
};

// The connection to the paired node: made when a call needs it, kept while it lasts.
class PeerConnection {
 public:
  using Done = std::function<void(Result<std::shared_ptr<grpc::Channel>>)>;

  explicit PeerConnection(Dialer& dialer) : dialer_(dialer) {}
  // The connection ends with it. Nobody may be waiting for one.
  ~PeerConnection() { SetPeer(std::nullopt); }

  // Another node, or none: the connection to the one before ends.
  void SetPeer(std::optional<worker::v1::PeerNode> peer);
  // kUnavailable with the reason.
  void Channel(Done done);
  // Ends the connection if it is still this one: it was let in as somebody else, because the other
  // node heard of the pairing later.
  void Drop(const std::shared_ptr<grpc::Channel>& channel);

  uint64_t connected_total() const { return connected_total_; }
  uint64_t failed_total() const { return failed_total_; }
  bool connected() const { return connection_.has_value(); }

 private:
  void OnDialed(uint64_t era, Result<Connected> dialed);

  Dialer& dialer_;
  std::optional<worker::v1::PeerNode> peer_;
  std::optional<Connected> connection_;
  std::vector<Done> waiting_;
  bool dialing_ = false;
  uint64_t era_ = 0;  // grows with each change of the peer
  uint64_t connected_total_ = 0, failed_total_ = 0;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_DIALER_H_
