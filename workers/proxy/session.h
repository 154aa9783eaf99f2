// One client connection and its server connection.
#ifndef ALOHA_WORKERS_PROXY_SESSION_H_
#define ALOHA_WORKERS_PROXY_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/net/reactor.h"
#include "workers/net/relay.h"
#include "workers/proxy/access_log.h"
#include "workers/proxy/running_config.h"

namespace aloha::proxy {

class DataThread;

// Lives on one data thread. Owns both sockets and its timer, and nothing else while bytes do not
// move: what only some sessions need lies in Details. Made by DataThread::Accept; freed after the
// batch of events in which it ended.
class Session final : public net::EventHandler, public net::Timer {
 public:
  // listener: its index in the settings.
  Session(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
          std::shared_ptr<const ServiceSettings> settings, uint16_t listener);
  ~Session() override = default;

  // Begins to serve. The session may have ended when this returns.
  void Start();
  // Ends the session, if it has not ended yet.
  void End(Cause cause, Moment moment);
  // The same, with the moment it is in.
  void End(Cause cause);
  // Its server takes no sessions any more: a live session ends with `cause`, one that was
  // connecting goes elsewhere.
  void LeaveServer(Cause cause);

  void OnEvents(uint32_t events, unsigned side) override;
  void OnTimer() override;

  uint64_t id() const { return id_; }
  const net::Address& client() const { return client_; }
  const Service& service() const { return *settings_->service; }
  const Server* server() const { return server_.get(); }
  void Describe(worker::v1::Session& description) const;

  // The thread's list of its sessions.
  Session* next = nullptr;
  Session* previous = nullptr;

 private:
  enum Side : uint8_t { kClient, kServer };
  enum class Phase : uint8_t { kHeader, kQueued, kConnecting, kEstablished, kEnded };

  // What few sessions need.
  struct Details {
    std::vector<std::shared_ptr<Server>> tried;  // servers that failed, oldest first
    std::shared_ptr<Waiter> waiter;              // while queued
    std::shared_ptr<Session*> self;  // for a grant that is under way; null once the session ended
    std::string sni;                 // escaped
    net::Address destination;        // announced by the PROXY protocol
    uint32_t server_queue = 0, service_queue = 0;
  };

  static Side Other(Side side) { return side == kClient ? kServer : kClient; }
  Details& details();
  uint64_t NowMs() const;
  Moment CurrentMoment() const;
  // When the present phase is over, if nothing happens.
  uint64_t DeadlineMs() const;
  void Enter(Phase phase);
  void ArmTimer();

  void ReadProxyHeader();
  void Deny(Moment moment);
  void ReadServerName();
  void OnClientEventEarly(uint32_t events);

  void Dispatch();
  void OnGranted(std::shared_ptr<Server> server, worker::v1::SendProxy send_proxy);
  void UseServer(std::shared_ptr<Server> server, worker::v1::SendProxy send_proxy);
  void Connect();
  void OnConnectEvent(uint32_t events);
  void OnConnected(uint32_t events);
  void OnConnectFailed(bool timeout, bool elsewhere);
  bool SendProxyHeader();

  void Move(Side from);
  void OnFlowEnded(Side from);
  // Reading from or writing to this side failed.
  void OnReadFailed(Side side);
  void OnWriteFailed(Side side);
  void WriteAccessLine(Cause cause, Moment moment, const Service::Load& load);

  DataThread& thread_;
  const std::shared_ptr<const ServiceSettings> settings_;
  std::shared_ptr<Server> server_;  // whose slot it holds
  ByteCounters* server_bytes_ = nullptr;
  ByteCounters* const service_bytes_;
  std::unique_ptr<Details> details_;
  net::Flow flows_[2];  // by the side the bytes come from
  const uint64_t id_;
  const uint64_t start_ms_;
  uint64_t
      since_ms_;  // last activity; before there is a server connection, the beginning of the phase
  uint32_t queue_ms_ = 0, connected_ms_ = 0;  // from the start
  UniqueFd fds_[2];
  net::Address client_;  // announced by the PROXY protocol, or the peer
  const uint16_t listener_;
  Phase phase_ = Phase::kHeader;
  worker::v1::SendProxy send_proxy_ = worker::v1::SEND_PROXY_UNSPECIFIED;
  uint8_t retries_ = 0;
  bool redispatched_ = false;
  bool want_name_;             // the ClientHello may still be read
  bool client_ready_ = false;  // bytes came before there was a server connection
  bool ending_[2] = {};        // end of stream or an error is there to be read
  bool reset_[2] = {};         // close with a reset
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SESSION_H_
