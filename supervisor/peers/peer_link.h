// The link to the paired node: whether it is there, calls to it, and its calls to this node. Both
// go through aloha-gateway, which has made sure who is at the other end.
#ifndef ALOHA_SUPERVISOR_PEERS_PEER_LINK_H_
#define ALOHA_SUPERVISOR_PEERS_PEER_LINK_H_

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/v1/peer.grpc.pb.h"
#include "supervisor/call.h"
#include "supervisor/fleet.h"
#include "workers/runtime/error.h"

namespace aloha::supervisor {

// What this node knows of the link.
struct LinkState {
  bool paired = false;
  // The newest answer came in time, and both nodes speak the same protocol version.
  bool connected = false;
  // Why not, for people; empty while connected.
  std::string reason;
  std::chrono::system_clock::time_point since;
  std::chrono::microseconds round_trip{0};
  // What the other node said of itself last; empty before the first answer. A change of started_us
  // means that its supervisor has begun anew.
  peer::v1::NodeInfo node;
};

// What the paired node asks for. Each runs on the control thread as a coroutine of its own and may
// refuse with an Error; one that is not set answers UNIMPLEMENTED.
struct PeerHandlers {
  template <typename Request, typename Response>
  using Handler = std::function<asio::awaitable<Result<Response>>(Request)>;

  Handler<peer::v1::PushStateRequest, peer::v1::PushStateResponse> push_state;
  Handler<peer::v1::PushStickEntriesRequest, peer::v1::PushStickEntriesResponse> push_stick_entries;
};

// All on the control thread.
class PeerLink {
 public:
  // Most bytes of one message, either way.
  static constexpr int kMaxMessageBytes = 16 << 20;

  explicit PeerLink(Fleet& fleet) : fleet_(fleet) {}
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  const LinkState& state() const { return state_; }
  // Called after each change of `paired`, `connected`, `node.started_us`. Handlers stay.
  void OnChange(std::function<void()> handler) { on_change_.push_back(std::move(handler)); }

  void Serve(PeerHandlers handlers) { handlers_ = std::move(handlers); }
  const PeerHandlers& handlers() const { return handlers_; }

  // Calls a method of the paired node and waits at most `timeout`:
  //   co_await link.Call(&peer::v1::Peer::Stub::async::PushState, request, 10s)
  // kUnavailable: it cannot be reached, with the reason; else as the other node answers.
  template <typename Request, typename Response>
  asio::awaitable<Result<Response>> Call(
      UnaryMethod<class peer::v1::Peer::Stub::async, Request, Response> method, Request request,
      std::chrono::milliseconds timeout) {
    if (!state_.paired) co_return Fail(Code::kUnavailable, "this node is not paired with another");
    const std::shared_ptr<Process> gateway = fleet_.Find("gateway");
    if (!gateway) {
      co_return Fail(Code::kUnavailable,
                     "aloha-gateway does not run; alohactl worker list says why");
    }
    const auto stub = peer::v1::Peer::NewStub(gateway->channel);
    co_return co_await supervisor::Call(stub->async(), method, std::move(request), timeout);
  }

  // For those who keep the link (supervisor/peers): tells a change.
  void Update(LinkState state);

 private:
  Fleet& fleet_;
  LinkState state_;
  PeerHandlers handlers_;
  std::vector<std::function<void()>> on_change_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_PEER_LINK_H_
