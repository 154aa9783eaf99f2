// One client connection and its server connection: what sessions of every protocol have in common.
#ifndef ALOHA_WORKERS_PROXY_SESSION_H_
#define ALOHA_WORKERS_PROXY_SESSION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/net/proxy_protocol.h"
#include "workers/net/reactor.h"
#include "workers/net/relay.h"
#include "workers/proxy/access_log.h"
#include "workers/proxy/running_config.h"
#include "workers/proxy/tls_link.h"

namespace aloha::proxy {

class DataThread;

// Lives on one data thread. Owns both sockets and its timer. It is accepted, finds a server
// (persistence, balancing, queue, retries) when its protocol asks for one, and ends; what moves in
// between is the protocol's. Made by DataThread::Accept; freed after the batch of events in which
// it ended.
//
// A server connection belongs to one session for its whole life: there is no pool of them, so that
// what a server connection is authenticated as can never reach another client.
class Session : public net::EventHandler, public net::Timer {
 public:
  // listener: its index in the settings.
  Session(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
          std::shared_ptr<const ServiceSettings> settings, uint16_t listener);
  ~Session() override = default;

  // Begins to serve. The session may have ended when this returns.
  void Start();
  // The same for a client that came by aloha-tls, with the PROXY protocol header it began with
  // (empty: none).
  void Start(std::unique_ptr<net::TlsStream> tls, std::string_view proxy_header);
  // Ends the session, if it has not ended yet.
  void End(Cause cause, Moment moment);
  // The same, with the moment it is in.
  void End(Cause cause) { End(cause, CurrentMoment()); }
  // Its server takes no sessions any more: what it carries ends with `cause`, a session that was
  // connecting goes elsewhere.
  void LeaveServer(Cause cause);
  // The listeners close; a session that carries nothing ends.
  virtual void Drain() {}

  void OnEvents(uint32_t events, unsigned side) final;
  void OnTimer() final;
  // The answer to BeginTls: the connection, or why there is none.
  void OnTls(Result<Handover> handover);

  uint64_t id() const { return id_; }
  const net::Address& client() const { return client_; }
  Service& service() const { return *settings_->service; }
  // That it is connected to, or connecting; null: none.
  const Server* server() const { return server_.get(); }
  virtual void Describe(worker::v1::Session& description) const;

  // The thread's list of its sessions.
  Session* next = nullptr;
  Session* previous = nullptr;

 protected:
  enum Side : uint8_t { kClient, kServer };
  enum class Phase : uint8_t {
    kHeader,
    kOpen,
    kQueued,
    kConnecting,
    kSecuring,  // the handshake with the server is aloha-tls's
    kEstablished,
    kEnded
  };

  // What few sessions need, and most while they look for a server.
  struct Details {
    std::vector<std::shared_ptr<Server>> tried;  // servers that failed, oldest first
    std::shared_ptr<Waiter> waiter;              // while queued
    std::shared_ptr<Session*> self;  // for a grant that is under way; null once the session ended
    std::string sni;                 // escaped
    net::Address destination;        // announced by the PROXY protocol
    uint32_t server_queue = 0, service_queue = 0;
    uint64_t handshake = 0;  // that aloha-tls was asked for; 0: none
    Side securing = kServer;
  };

  // What the protocol does:
  // the client may speak;
  virtual void OnAccepted() = 0;
  // the client's socket has something while there is no server connection;
  virtual void OnClientEarly(uint32_t events) = 0;
  // the server connection stands; events: those it came with;
  virtual void OnConnected(uint32_t events) = 0;
  // the search for a server failed;
  virtual void OnNoServer(Cause cause, Moment moment) = 0;
  // one of the sockets has something;
  virtual void OnTraffic(uint32_t events, Side side) = 0;
  // the server it is connected to takes no sessions any more;
  virtual void OnServerGone(Cause cause) = 0;
  // when the present wait is over if nothing happens, and what happens then;
  virtual uint64_t IdleDeadlineMs() const = 0;
  virtual void OnIdle() = 0;
  // the handshake with the client that BeginTls asked for is over;
  virtual void OnClientSecured(Result<> secured) { (void)secured; }
  // the session has ended: `load` for its last line. Its sockets are closed after this.
  virtual void OnEnd(Cause cause, Moment moment, const Service::Load& load) = 0;
  virtual Moment CurrentMoment() const;

  static Side Other(Side side) { return side == kClient ? kServer : kClient; }
  Details& details();
  uint64_t NowMs() const;
  void Enter(Phase phase);
  // Sees to it that OnTimer is called at the deadline; a deadline that only moved away needs no
  // call.
  void ArmTimer();
  // The same, at no cost where the timer fires before the deadline anyhow.
  void ArmTimerEarlier() {
    if (DeadlineMs() < armed_ms_) ArmTimer();
  }
  void Deny(Moment moment);

  // Looks for a server of `backend`, which is the session's own service or one that takes requests
  // for it; ends in OnConnected or OnNoServer, at once or later. The session has no server.
  void FindServer(const Claim& claim);
  // Takes over the slot of a server; for another one than before, ReleaseServer comes first.
  void TakeServer(std::shared_ptr<Server> server);
  // The same, and connects.
  void UseServer(std::shared_ptr<Server> server, std::shared_ptr<const Approach> approach);
  // The server is of no use: tries again, with another one where `elsewhere`, or gives up.
  void OnConnectFailed(bool timeout, bool elsewhere);
  // A new connection to the server it has.
  void ConnectAgain();
  // The server gets what is written at once, even while it has not acknowledged what came before.
  // Needed for all but one message at a time.
  void SendWithoutDelay();
  // Has aloha-tls do the handshake of this side, whose socket is away meanwhile. Of the client: by
  // the listener's settings, and OnClientSecured follows.
  void BeginTls(Side side);
  // How the relay reads and writes this side.
  net::Channel ChannelOf(Side side) const { return {fds_[side].get(), tls_[side].get()}; }
  // These events, or what was read before, give something to read.
  bool IsReadable(uint32_t events, Side side) const;
  // Nothing more is written to this side, which is told so.
  void ShutDown(Side side);
  // Closes the server connection.
  void Disconnect();
  // Gives the slot of the server back.
  void ReleaseServer();
  // Uses the servers of this service from now on; the session has none.
  void UseBackend(std::shared_ptr<const ServiceSettings> backend);

  // The servers are those of another service than the listener's.
  bool InPool() const { return backend_->service != settings_->service; }

  DataThread& thread_;
  std::shared_ptr<const ServiceSettings> settings_;
  std::shared_ptr<const ServiceSettings> backend_;  // whose servers are used
  std::shared_ptr<Server> server_;                  // whose slot it holds
  std::shared_ptr<const Approach> approach_;        // how it is connected to that
  ByteCounters* server_bytes_ = nullptr;
  ByteCounters* service_bytes_;
  std::unique_ptr<Details> details_;
  const uint64_t id_;
  const uint64_t start_ms_;
  uint64_t since_ms_;      // last activity; while it looks for a server, the beginning of the phase
  uint64_t armed_ms_ = 0;  // when the timer fires
  uint64_t search_ms_;     // when it began to look for a server
  uint32_t queue_ms_ = 0, connected_ms_ = 0;  // from search_ms_
  UniqueFd fds_[2];
  std::unique_ptr<net::TlsStream> tls_[2];  // null: in clear
  net::Address client_;                     // announced by the PROXY protocol, or the peer
  uint16_t listener_;
  Phase phase_ = Phase::kHeader;
  uint8_t retries_ = 0;
  bool redispatched_ = false;
  bool no_delay_ = false;
  bool ending_[2] = {};  // end of stream or an error is there to be read
  bool reset_[2] = {};   // close with a reset

 private:
  uint64_t DeadlineMs() const;
  void ReadProxyHeader();
  // False: the session has ended.
  bool TakeProxyHeader(const net::ProxyHeader& header);
  void Dispatch(const Claim& claim);
  Service::Choice Queue(const Claim& claim);
  void GiveUp(Cause cause, Moment moment);
  void Connect();
  void OnConnectEvent(uint32_t events);
  bool SendProxyHeader();
  void ForgetHandshake();
  void PassTicket();
  void CloseSocket(Side side);
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SESSION_H_
