// An immutable snapshot as the data threads use it.
#ifndef ALOHA_WORKERS_PROXY_RUNNING_CONFIG_H_
#define ALOHA_WORKERS_PROXY_RUNNING_CONFIG_H_

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/listening_socket.h"
#include "workers/net/networks.h"
#include "workers/proxy/http_rules.h"
#include "workers/proxy/service.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::proxy {

struct ListenerSettings {
  net::Address address;
  bool accept_proxy = false;
  bool tls = false;  // clients come by aloha-tls
  // TLS may begin in the middle of a dialogue of this protocol, and must where it is required.
  worker::v1::MailProtocol starttls = worker::v1::MAIL_PROTOCOL_UNSPECIFIED;
  bool starttls_required = false;
};

// A session keeps the settings it began with; they hold no socket open.
struct ServiceSettings {
  std::shared_ptr<Service> service;
  ServicePlan plan;
  std::vector<ListenerSettings> listeners;
  uint64_t idle_timeout_ms = 0;
  uint64_t connect_timeout_ms = 0;
  uint64_t queue_timeout_ms = 0;
  uint32_t retries = 0;
  bool log_sni = false;
  bool starttls_servers = false;  // TLS with some begins in the middle of a dialogue
  net::Networks allow_from;
  std::shared_ptr<const HttpRules> http;    // null: TCP, or a service without listeners
  std::optional<PersistenceCookie> cookie;  // its servers' have values
  // Of the hashes that stand for Authorization values; used where the plan's table is one of them.
  std::array<uint8_t, 32> persistence_key{};
};

// One of the listeners of a service, with its socket.
struct OpenListener {
  std::shared_ptr<const net::ListeningSocket> socket;
  std::shared_ptr<const ServiceSettings> settings;
  uint16_t index = 0;  // in the settings
};

// A listener that aloha-tls accepts on.
struct TlsListener {
  net::Address address;
  std::shared_ptr<const ServiceSettings> settings;
  uint16_t index = 0;  // in the settings
};

enum class AccessLog { kOff, kText, kJson };

struct RunningConfig {
  uint32_t threads = 1;
  AccessLog access_log = AccessLog::kOff;
  std::vector<std::shared_ptr<const ServiceSettings>> services;
  std::vector<OpenListener> listeners;
  std::vector<TlsListener> tls_listeners;
  std::map<std::string, std::shared_ptr<net::StickTable>> tables;
};

// What building a configuration may use besides the snapshot.
struct Offers {
  // Sockets and memory that the supervisor passed; empty when it did not.
  std::function<UniqueFd(const std::string& address, uint32_t port)> take_listener;
  std::function<UniqueFd(const std::string& name)> take_stick_table;
};

// Checks a snapshot and builds what it describes. Services, servers, listening sockets and tables
// of the `known` configurations (the running one and one that was prepared before) are used again;
// nothing of them is changed. `threads`: how many serve. Errors carry the field's path.
Result<std::shared_ptr<const RunningConfig>> BuildConfig(
    const worker::v1::ProxySnapshot& snapshot,
    std::span<const std::shared_ptr<const RunningConfig>> known, uint32_t threads,
    const Offers& offers);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_RUNNING_CONFIG_H_
