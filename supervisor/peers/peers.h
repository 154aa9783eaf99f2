// This node and the one it is paired with: pairing, the certificate of aloha-gateway, the
// heartbeat.
//
// Whom this node trusts is decided and kept by aloha-keys; here stands what follows from it, and
// where the other node is reached.
#ifndef ALOHA_SUPERVISOR_PEERS_PEERS_H_
#define ALOHA_SUPERVISOR_PEERS_PEERS_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "admin/v1/nodes.pb.h"
#include "config/v1/config.pb.h"
#include "supervisor/deployment.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/peers/peer_link.h"
#include "supervisor/peers/peer_service.h"
#include "worker/v1/gateway.pb.h"
#include "worker/v1/node.pb.h"

namespace aloha::supervisor {

// Control thread.
class Peers {
 public:
  // Of the conversation between two nodes.
  static constexpr uint32_t kProtocol = 1;

  // path: where the other node's address is kept. config: the running configuration.
  Peers(asio::io_context& loop, Fleet& fleet, Deployment& deployment, Events& events,
        std::string path, std::function<const config::v1::Config&()> config);

  PeerLink& link() { return link_; }

  // Adds who is let in and called to what was compiled for aloha-gateway.
  void AddTo(worker::v1::GatewaySnapshot& gateway) const;
  // Our end of a socket pair to aloha-gateway.
  void Attach(UniqueFd connection) { service_.Attach(std::move(connection)); }
  // A process of aloha-keys or aloha-gateway was equipped.
  void Follow(const std::shared_ptr<Process>& process);
  // Keeps the link, until the loop ends.
  asio::awaitable<void> Run();

  // What administrators ask; the errors are those of admin.v1.HighAvailability.
  asio::awaitable<Result<admin::v1::PairingCode>> CreateCode();
  asio::awaitable<Result<admin::v1::Node>> Pair(std::string address, std::string code);
  asio::awaitable<Result<admin::v1::Nodes>> List();
  // Answers its name.
  asio::awaitable<Result<std::string>> Remove();

 private:
  using Clock = std::chrono::system_clock;

  asio::awaitable<void> Pause(std::chrono::milliseconds time);
  std::chrono::milliseconds NextPause() const;
  void Wake();
  asio::awaitable<Result<>> LearnNode();
  asio::awaitable<void> CertifyGateway();
  asio::awaitable<Result<>> Certify(const std::shared_ptr<Process>& gateway);
  asio::awaitable<void> EndCode();
  asio::awaitable<void> Beat();
  // A deployment that began before the newest news has overtaken it, or has not come yet.
  bool GatewayIsBehind() const;
  asio::awaitable<Result<>> TellGateway();
  void UsePeer(const worker::v1::PinnedNode& peer, std::string address, uint32_t port);
  void ForgetPeer();
  void SetLink(bool connected, std::string reason, std::chrono::microseconds round_trip,
               const peer::v1::NodeInfo* node);
  void KeepAddress();
  void LoadAddress();

  Result<> AdmitCaller(const PeerCaller& caller) const;
  Result<peer::v1::HelloResponse> OnHello(const PeerCaller& caller,
                                          const peer::v1::HelloRequest& request);
  asio::awaitable<Result<peer::v1::JoinResponse>> OnJoin(PeerCaller caller,
                                                         peer::v1::JoinRequest request);

  // For pairing; waits a moment for what just starts.
  asio::awaitable<Result<>> AwaitUsable() const;
  uint32_t Port() const;
  // Where the paired node is reached: as configured, else as learned.
  std::pair<std::string, uint32_t> PeerAddress() const;
  peer::v1::NodeInfo Self() const;
  admin::v1::Node Describe() const;

  asio::io_context& loop_;
  Fleet& fleet_;
  Deployment& deployment_;
  Events& events_;
  const std::string path_;
  const std::function<const config::v1::Config&()> config_;
  const Clock::time_point started_ = Clock::now();
  PeerLink link_;
  PeerService service_;
  asio::steady_timer wake_;
  bool woken_ = false;

  bool learned_ = false;  // aloha-keys said who the paired node is
  worker::v1::NodeIdentity self_;
  std::optional<worker::v1::PinnedNode> peer_;
  worker::v1::PeerNode learned_address_;  // of the paired node; with its key
  Clock::time_point code_ends_;           // a pairing code waits until then
  bool joining_ = false;

  std::weak_ptr<Process> gateway_;    // the newest
  std::weak_ptr<Process> certified_;  // the one that has a certificate
  Clock::time_point renew_;
  std::string certify_problem_;
  int failures_ = 0;        // of heartbeats, one after another
  bool told_down_ = false;  // that there is no connection
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_PEERS_PEERS_H_
