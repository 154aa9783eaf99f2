// A server of a service, as it lives over the snapshots that name it.
#ifndef ALOHA_WORKERS_PROXY_SERVER_H_
#define ALOHA_WORKERS_PROXY_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/address.h"
#include "workers/proxy/http_stats.h"

namespace aloha::proxy {

struct Server;

// Payload bytes that one thread moved. Written by that thread alone, so no locked instruction is
// needed.
struct alignas(64) ByteCounters {
  std::atomic<uint64_t> from_clients{0};
  std::atomic<uint64_t> to_clients{0};

  static void Add(std::atomic<uint64_t>& counter, uint64_t bytes) {
    counter.store(counter.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
};

// Sums of per-thread counters.
struct ByteTotals {
  uint64_t from_clients = 0, to_clients = 0;

  static ByteTotals Of(const std::vector<ByteCounters>& threads) {
    ByteTotals totals;
    for (const ByteCounters& thread : threads) {
      totals.from_clients += thread.from_clients.load(std::memory_order_relaxed);
      totals.to_clients += thread.to_clients.load(std::memory_order_relaxed);
    }
    return totals;
  }
};

// What a session brings when it asks for a server.
struct Claim {
  net::Ip client{};
  // Servers that failed it, avoided while there are others; persistence decides only when there are
  // none.
  std::span<const std::shared_ptr<Server>> tried;
  // HTTP: the value of the persistence cookie, the keyed hash of the Authorization value.
  std::string_view cookie;
  std::optional<net::Ip> authorization;
  // The server that it is connected to; preferred where persistence does not decide.
  const Server* connected = nullptr;
};

// How a connection to a server begins.
struct Approach {
  worker::v1::SendProxy send_proxy = worker::v1::SEND_PROXY_UNSPECIFIED;
  std::string tls;  // name of the settings that aloha-tls has for it; empty: in clear
  // TLS begins in the middle of a dialogue of this protocol.
  worker::v1::MailProtocol starttls = worker::v1::MAIL_PROTOCOL_UNSPECIFIED;

  bool operator==(const Approach&) const = default;
};

// A session that waits for a free server.
struct Waiter {
  explicit Waiter(const Claim& from)
      : claim(from), tried_(from.tried.begin(), from.tried.end()), cookie_(from.cookie) {
    claim.tried = tried_;
    claim.cookie = cookie_;
    claim.connected = nullptr;  // it gives its connection up before it waits
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Claim claim;
  // Gives the session a server, whose slot it then holds. Called at most once, on any thread, with
  // the service locked: it must only hand over.
  std::function<void(std::shared_ptr<Server>, std::shared_ptr<const Approach>)> grant;

  // The service's:
  uint64_t sequence = 0;  // order of arrival
  bool waiting = false;   // in a queue

 private:
  const std::vector<std::shared_ptr<Server>> tried_;
  const std::string cookie_;
};
using WaiterQueue = std::list<std::shared_ptr<Waiter>>;

// What the snapshot says of a server.
struct ServerSettings {
  uint32_t weight = 1;
  uint32_t max_connections = 0;                                             // 0: no limit
  std::shared_ptr<const Approach> approach = std::make_shared<Approach>();  // never null
  uint64_t slow_start_ms = 0;
  worker::v1::AdminState admin_state = worker::v1::ADMIN_STATE_READY;
  bool unchecked = false;
  std::string cookie;  // value of the persistence cookie; empty: none
};

// Identity is name and address: a server whose address changes is another one. What is not const is
// guarded by the mutex of its service, but for the counters of threads.
struct Server {
  Server(std::string server_name, const net::Address& server_address, uint32_t threads)
      : name(std::move(server_name)),
        address(server_address),
        name_hash(net::HashName(name)),
        bytes(threads),
        http(threads) {}

  // Takes new sessions by balancing.
  bool Usable() const {
    return settings.admin_state == worker::v1::ADMIN_STATE_READY && settings.weight > 0 &&
           NotDown();
  }
  // Takes the sessions that persistence binds to it.
  bool UsableWhenBound() const {
    return settings.admin_state != worker::v1::ADMIN_STATE_MAINTENANCE && NotDown();
  }
  bool HasRoom() const {
    return settings.max_connections == 0 || active < settings.max_connections;
  }
  // Share of the weight in use, 32 to 256: slow start grows it from 1/8 to the whole.
  uint32_t Ramp(uint64_t now_ms) const {
    const uint64_t elapsed = now_ms - slow_start_begin_ms;
    if (slow_start_begin_ms == 0 || elapsed >= settings.slow_start_ms) return 256;
    return static_cast<uint32_t>(32 + 224 * elapsed / settings.slow_start_ms);
  }

  const std::string name;
  const net::Address address;
  const uint64_t name_hash;

  ServerSettings settings;
  worker::v1::CheckState check_state = worker::v1::CHECK_STATE_UNKNOWN;
  uint64_t slow_start_begin_ms = 0;  // 0: not in slow start
  int64_t round_robin_credit = 0;    // see ChooseRoundRobin
  WaiterQueue queue;                 // sessions that persistence binds to it

  uint32_t active = 0;  // sessions that hold a slot
  uint32_t active_max = 0;
  uint64_t sessions_total = 0;
  uint64_t connect_errors = 0;
  uint64_t retries = 0;
  uint64_t redispatches = 0;
  ByteTotals bytes_at_reset;
  HttpTotals http_at_reset;

  std::vector<ByteCounters> bytes;  // by thread
  std::vector<HttpCounters> http;   // by thread

 private:
  bool NotDown() const { return check_state != worker::v1::CHECK_STATE_DOWN; }
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SERVER_H_
