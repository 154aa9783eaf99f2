// A session that moves bytes and does not understand them.
#ifndef ALOHA_WORKERS_PROXY_TCP_SESSION_H_
#define ALOHA_WORKERS_PROXY_TCP_SESSION_H_

#include <memory>

#include "workers/net/relay.h"
#include "workers/proxy/session.h"

namespace aloha::proxy {

// While bytes do not move it holds nothing but itself: what only some sessions need lies in
// Details.
class TcpSession : public Session {
 public:
  TcpSession(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
             std::shared_ptr<const ServiceSettings> settings, uint16_t listener);

  void Describe(worker::v1::Session& description) const override;

 protected:
  // Without a byte, once one side has ended its stream.
  static constexpr uint64_t kHalfClosedTimeoutMs = 60'000;

  void OnAccepted() override;
  void OnClientEarly(uint32_t events) override;
  void OnConnected(uint32_t events) override;
  void OnTraffic(uint32_t events, Side from) override;
  void OnServerGone(Cause cause) override;
  uint64_t IdleDeadlineMs() const override;
  void OnIdle() override;

  // Moves what this side has said.
  void Move(Side from);
  // Bytes that this side said were taken by the other.
  void CountMoved(Side from, uint64_t bytes);
  // This side has ended its stream, and all of it was passed on.
  void OnFlowEnded(Side from);
  // Reading from this side failed.
  void OnReadFailed(Side side);

  net::Flow flows_[2];  // by the side the bytes come from

 private:
  void OnNoServer(Cause cause, Moment moment) override;
  void OnEnd(Cause cause, Moment moment, const Service::Load& load) override;

  void ReadServerName();
  // Writing to this side failed.
  void OnWriteFailed(Side side);
  void WriteAccessLine(Cause cause, Moment moment, const Service::Load& load);

  bool want_name_;             // the ClientHello may still be read
  bool client_ready_ = false;  // bytes came before there was a server connection
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_TCP_SESSION_H_
