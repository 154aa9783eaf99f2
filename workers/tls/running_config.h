// An immutable snapshot as the handshake threads use it.
#ifndef ALOHA_WORKERS_TLS_RUNNING_CONFIG_H_
#define ALOHA_WORKERS_TLS_RUNNING_CONFIG_H_

#include <openssl/ssl.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/listening_socket.h"
#include "workers/net/networks.h"
#include "workers/tls/certificate.h"
#include "workers/tls/client_side.h"
#include "workers/tls/handshake_stats.h"
#include "workers/tls/tickets.h"

namespace aloha::tls {

// What clients meet on one listener. A handshake keeps the settings it began with.
struct ListenerSettings {
  net::Address address;
  bool accept_proxy = false;
  net::Networks allow_from;
  worker::v1::TlsProfile profile = worker::v1::TLS_PROFILE_UNSPECIFIED;
  std::vector<std::shared_ptr<const Certificate>> certificates;  // not empty
  std::vector<std::string> alpn;
  std::shared_ptr<const TicketKeys> ticket_keys;
  std::shared_ptr<HandshakeStats> stats;
  bssl::UniquePtr<SSL_CTX> context;
  // Null: TLS begins after STARTTLS, on connections that the proxy accepts.
  std::shared_ptr<const net::ListeningSocket> socket;
};

struct RunningConfig {
  uint32_t threads = 1;
  uint32_t handshake_timeout_ms = 0;
  uint32_t max_handshakes = 0, max_handshakes_per_client = 0;
  // Both in the snapshot's order.
  std::vector<std::shared_ptr<const ListenerSettings>> listeners;
  std::vector<std::shared_ptr<const ServerSettings>> servers;
};

// A listening socket that the supervisor passed; empty when it did not.
using TakeListener = std::function<UniqueFd(const std::string& address, uint32_t port)>;

// Checks a snapshot and builds what it describes. Listening sockets and counters of the `known`
// configurations (the running one and one that was prepared before) are used again; nothing of them
// is changed. `threads`: how many there are. Errors carry the field's path.
Result<std::shared_ptr<const RunningConfig>> BuildConfig(
    const worker::v1::TlsSnapshot& snapshot,
    std::span<const std::shared_ptr<const RunningConfig>> known, uint32_t threads,
    const TakeListener& take_listener);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_RUNNING_CONFIG_H_
