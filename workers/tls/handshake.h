// One handshake in progress on a socket, from accepting (or the proxy's request) to handing over.
#ifndef ALOHA_WORKERS_TLS_HANDSHAKE_H_
#define ALOHA_WORKERS_TLS_HANDSHAKE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "handoff/v1/handoff.pb.h"
#include "workers/net/reactor.h"
#include "workers/tls/bounds.h"
#include "workers/tls/endpoint.h"
#include "workers/tls/running_config.h"

namespace aloha::tls {

class HandshakeThread;

// What is to be done.
struct HandshakeTask {
  UniqueFd socket;  // connected
  net::Address peer;
  // One of them: this side is the server of a client on that listener, or the client of a server.
  std::shared_ptr<const ListenerSettings> listener;
  std::shared_ptr<const ServerSettings> server;
  Bounds::Place place;
  uint32_t timeout_ms = 0;
  // The proxy that asked for it, and its number there; 0: a client came on a TLS listener.
  uint64_t proxy_id = 0, request_id = 0;
};

// Ends by itself; HandshakeThread frees it after the batch.
class Handshake final : public net::EventHandler, private net::Timer, private RemoteKey::Owner {
 public:
  Handshake(HandshakeThread& thread, HandshakeTask task);
  ~Handshake() override;

  void Start();
  // Ends it for this reason, with a line in the log; an alert goes out if one is owed.
  void Fail(Failure failure, std::string reason);

  // The list of those that live, kept by the thread.
  Handshake *next = nullptr, *previous = nullptr;

 private:
  enum class Step { kHeader, kTls, kFlush, kEnded };

  void OnEvents(uint32_t events, unsigned tag) override;
  void OnTimer() override;
  void OnKeyReady() override;

  // As far as it goes without waiting.
  void Advance();
  // Reads what came; false: it must wait, or has ended.
  bool Receive();
  // Writes what is owed; false: it must wait, or has ended.
  bool Send();
  // False: it must wait, or has ended.
  bool ReadHeader();
  // Checks that this client may have a handshake and begins it; false: it has ended.
  bool BeginTls(const net::Address& client);
  // The same towards a server, with what it sends first.
  bool BeginAsClient();
  // Runs the library; false: it must wait, or has ended.
  bool RunTls();
  void HandOver();
  void FillFacts(handoff::v1::Connection& connection) const;
  // What the server gave for the next handshake with it.
  void KeepSession();
  // "client 192.0.2.1:4711 on 0.0.0.0:443", "server 10.0.0.1:443 (exchange)".
  std::string Subject() const;
  HandshakeStats& stats() const;
  void SayFailed(const std::string& reason, bool untrusted);
  void FailClosed(const std::string& reason);
  void SendAlert();
  // Lets go of the socket, which its caller has or which is closed.
  UniqueFd End();

  HandshakeThread& thread_;
  HandshakeTask task_;
  net::Address client_;  // as the PROXY protocol header says, else the peer
  Step step_ = Step::kTls;
  bool signing_ = false;
  std::string header_;  // and what came behind it, before TLS begins
  int64_t first_byte_us_ = 0;
  std::unique_ptr<Endpoint> tls_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_HANDSHAKE_H_
