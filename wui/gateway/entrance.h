// Connections from other machines: who comes, how far each is let in, and how many at a time.
//
// Everybody's TLS handshake is done, so that whoever is turned away is told why, by gRPC: its calls
// are answered UNAUTHENTICATED. The paired node may call what aloha.peer.v1.Peer has; a node that
// joins with a pairing code, Join alone. A gRPC server of its own serves each connection, so that
// no call can be taken for another connection's.
#ifndef ALOHA_WUI_GATEWAY_ENTRANCE_H_
#define ALOHA_WUI_GATEWAY_ENTRANCE_H_

#include <asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "workers/runtime/log.h"
#include "workers/runtime/unique_fd.h"
#include "wui/gateway/arrivals.h"
#include "wui/gateway/behalf.h"
#include "wui/gateway/call_server.h"
#include "wui/gateway/forwarder.h"
#include "wui/gateway/tls_identity.h"
#include "wui/gateway/tls_pump.h"

namespace aloha::gateway {

// Who is let in.
struct Admission {
  std::optional<node::NodeKey> peer;
  std::string peer_address;  // as "10.0.0.18"; empty: not known
  bool joining = false;
};

struct EntranceStats {
  uint64_t accepted = 0, joining = 0;
  std::map<std::string, uint64_t> refused;  // by reason
};

// Control thread. All arguments outlive it.
class Entrance {
 public:
  // Of one client address (of one /64 for IPv6) and of all: connections that are not the paired
  // node's and do not come from its address.
  static constexpr int kMaxPerClient = 4;
  static constexpr int kMaxUnknown = 32;
  // Connections of the paired node, and from its address: it has one, and for a moment two.
  static constexpr int kMaxOfPeer = 8;

  Entrance(asio::io_context& loop, Log& log, const TlsIdentity& identity,
           const SupervisorChannel& supervisor, PumpedBytes& bytes);
  ~Entrance();

  // Connections of whom it lets in no longer end.
  void Admit(Admission admission);
  // A listening socket, or none.
  void Listen(UniqueFd listener) { arrivals_.Listen(std::move(listener)); }
  bool listening() const { return arrivals_.listening(); }
  int listener() { return arrivals_.listener(); }

  const EntranceStats& stats() const { return stats_; }
  size_t connections() const { return connections_.size(); }

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;

  void OnArrived(asio::ip::tcp::socket socket, const asio::ip::address& from);
  void OnHandshake(const ConnectionPtr& connection, const Result<>& shaken);
  void Serve(const ConnectionPtr& connection, std::chrono::milliseconds lifetime);
  RouteOrStatus RouteOf(const Connection& connection, const std::string& method) const;
  void Refuse(const Connection& connection, const std::string& reason, const std::string& text);
  void Remove(ConnectionPtr connection);  // a copy: that of the set goes
  int CountUnknown(const std::string* client) const;
  int CountExpected() const;

  asio::io_context& loop_;
  Log& log_;
  const TlsIdentity& identity_;
  const SupervisorChannel& supervisor_;
  PumpedBytes& bytes_;
  Admission admission_;
  Arrivals arrivals_;
  std::set<ConnectionPtr> connections_;
  EntranceStats stats_;
  std::chrono::steady_clock::time_point next_line_;  // one warning in ten seconds
  uint64_t untold_ = 0;
  Undertaker undertaker_;
};

}  // namespace aloha::gateway

#endif  // ALOHA_WUI_GATEWAY_ENTRANCE_H_
