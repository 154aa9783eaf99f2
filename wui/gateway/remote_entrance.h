// Connections from remote administrators' tools: who comes, who is let in, how many at a time.
//
// As at the entrance for nodes, everybody's handshake is done, so that whoever is turned away is
// told why, by gRPC: its calls are answered UNAUTHENTICATED, and the supervisor hears of it.
// Whoever is let in may call aloha.admin.v1, which goes to the supervisor with the subject of its
// certificate beside it; what that may do is the supervisor's to decide. A gRPC server of its own
// serves each connection, so that no call can be taken for another connection's. What the paired
// node calls is not reached from here.
#ifndef ALOHA_WUI_GATEWAY_REMOTE_ENTRANCE_H_
#define ALOHA_WUI_GATEWAY_REMOTE_ENTRANCE_H_

#include <asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "workers/net/networks.h"
#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"
#include "wui/gateway/arrivals.h"
#include "wui/gateway/behalf.h"
#include "wui/gateway/call_server.h"
#include "wui/gateway/client_trust.h"
#include "wui/gateway/refusals.h"
#include "wui/gateway/tls_pump.h"

namespace aloha::gateway {

// Whom the entrance knows.
struct RemoteAdmission {
  std::shared_ptr<asio::ssl::context> context;
  ClientTrust trust;
  net::Networks allow_from;  // empty: all
};

// Control thread. All arguments outlive it.
class RemoteEntrance {
 public:
  // Connections that were not let in (yet), of one client (an address, a /64 for IPv6) and of all;
  // and those that were. Nobody who is not let in can use up what others need.
  static constexpr int kMaxStrangersOfClient = 16;
  static constexpr int kMaxStrangers = 64;
  static constexpr int kMaxOfClient = 64;
  static constexpr int kMaxAdmitted = 256;

  RemoteEntrance(asio::io_context& loop, Log& log, const SupervisorChannel& supervisor,
                 Refusals& refusals, PumpedBytes& bytes);
  ~RemoteEntrance();

  // Nothing: nobody. Connections of whom it lets in no longer end.
  void Admit(std::optional<RemoteAdmission> admission);
  // A listening socket, or none.
  void Listen(UniqueFd listener) { arrivals_.Listen(std::move(listener)); }
  bool listening() const { return arrivals_.listening(); }
  int listener() { return arrivals_.listener(); }

  size_t connections() const { return connections_.size(); }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  void OnArrived(asio::ip::tcp::socket socket, const asio::ip::address& from);
  void OnHandshake(const ConnectionPtr& connection, const Result<>& shaken);
  void Serve(const ConnectionPtr& connection, std::chrono::seconds lifetime);
  void Refuse(const Connection& connection, const std::string& reason, const std::string& text);
  void Remove(ConnectionPtr connection);  // a copy: that of the set goes
  bool Allows(const std::string& address) const;
  int Count(bool admitted, const std::string* client) const;

  asio::io_context& loop_;
  Log& log_;
  const SupervisorChannel& supervisor_;
  Refusals& refusals_;
  PumpedBytes& bytes_;
  std::optional<RemoteAdmission> admission_;
  Arrivals arrivals_;
  std::set<ConnectionPtr> connections_;
  Refusals::Clock::time_point next_crowd_{};
  Undertaker undertaker_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_REMOTE_ENTRANCE_H_
