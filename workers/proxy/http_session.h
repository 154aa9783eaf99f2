// A session that understands HTTP/1.1.
#ifndef ALOHA_WORKERS_PROXY_HTTP_SESSION_H_
#define ALOHA_WORKERS_PROXY_HTTP_SESSION_H_

#include <memory>
#include <string_view>

#include "workers/proxy/http_exchange.h"
#include "workers/proxy/session.h"

namespace aloha::proxy {

// Serves the requests of one client one after the other, each by the server that its path,
// persistence and balancing give it, over one server connection at a time, which is kept while the
// requests go to the same server. Bodies pass in both directions at once and are never collected.
// After a request that authenticates the connection (NTLM, Negotiate) everything goes to that
// server over that connection, and when it ends the client connection ends too.
//
// Between two requests it holds nothing but itself.
class HttpSession final : public Session {
 public:
  HttpSession(DataThread& thread, uint64_t id, UniqueFd client, const net::Address& peer,
              std::shared_ptr<const ServiceSettings> settings, uint16_t listener);

  void Drain() override;
  void Describe(worker::v1::Session& description) const override;

 private:
  using Outcome = net::Relay::Outcome;

  // http_session.cc: the life of the connections.
  void OnAccepted() override;
  void OnClientEarly(uint32_t events) override;
  void OnConnected(uint32_t events) override;
  void OnNoServer(Cause cause, Moment moment) override;
  void OnTraffic(uint32_t events, Side side) override;
  void OnServerGone(Cause cause) override;
  uint64_t IdleDeadlineMs() const override;
  void OnIdle() override;
  void OnEnd(Cause cause, Moment moment, const Service::Load& load) override;
  Moment CurrentMoment() const override;
  // A request was read.
  bool Carries() const { return exchange_ && exchange_->request != Progress::kHead; }
  void OnIdleServer(uint32_t events);
  void DropServer();
  void FinishExchange();
  bool ServerStays() const;
  void Linger();
  void DiscardClient();
  void WriteAccessLine(Cause cause, Moment moment, const Service::Load& load);

  // http_request.cc: from the client to the server.
  void PumpRequest();
  // Both: false when there is nothing to do before something happens.
  bool ReadHead();
  bool MoveRequestBody();
  bool MoveRequestChunks();
  void StartRequest(std::string_view head, std::string_view rest);
  bool RefreshSettings();
  // Answers what needs no server; null then.
  std::shared_ptr<const ServiceSettings> Route();
  void OnRequestWritten(Outcome outcome);
  void OnClientEnded();
  void CountFromClient(uint64_t bytes);
  void CountToServer(uint64_t bytes);
  // Sends what waits.
  Outcome FlushRequest();

  // http_forward.cc: how a request goes on.
  void Forward(const std::shared_ptr<const ServiceSettings>& backend, std::string_view body);
  void BuildRequest(const ServiceSettings& backend);
  void AppendForwarded(std::string& out, const http::RequestHead& head, bool trusted);
  Claim MakeClaim(const ServiceSettings& backend);
  void ReadCookie(const ServiceSettings& backend);
  // Arranges a server for the request whose bytes are in `parts`.
  void SendRequest(const std::shared_ptr<const ServiceSettings>& backend, const Claim& claim,
                   const iovec* parts, int count);
  void Elsewhere(const std::shared_ptr<const ServiceSettings>& backend, const Claim& claim,
                 const iovec* parts, int count);

  // http_response.cc: from the server to the client.
  void PumpResponse();
  bool ReadResponseHead();
  // False: the head is not whole yet.
  bool TakeResponseHead(std::string_view bytes);
  bool PassResponseHead(std::string_view rest);
  void BuildResponse();
  void AppendCookie(std::string& out);
  bool MoveResponseBody();
  bool MoveResponseChunks();
  bool PassInterim();
  void OnServerEnded();
  void RefuseResponse(const char* reason);
  void CountToClient(uint64_t bytes);

  // http_answer.cc: what the proxy says itself.
  void Refuse(http::Refusal refusal);
  void Answer(int status, std::string_view extra_fields = {});
  void AnswerRedirect();
  void AnswerRoot();
  void Redirect(std::string_view location);

  // http_tunnel.cc: after 101.
  void PumpTunnel(Side from);

  std::unique_ptr<Exchange> exchange_;
  uint64_t requests_ = 0;   // that ended
  uint32_t generation_;     // of the configuration that settings_ are from
  bool readable_[2] = {};   // a read would bring something
  bool pinned_ = false;     // a request authenticated the server connection
  bool last_;               // the client connection ends after the present exchange
  bool lingering_ = false;  // everything is said; what the client still sends is thrown away
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_HTTP_SESSION_H_
