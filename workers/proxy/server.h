// A server of a service, as it lives over the snapshots that name it.
#ifndef ALOHA_WORKERS_PROXY_SERVER_H_
#define ALOHA_WORKERS_PROXY_SERVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/net/address.h"

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

// A session that waits for a free server.
struct Waiter {
  net::Ip client;
  std::vector<std::shared_ptr<Server>> tried;  // servers that failed this session
  // Gives the session a server, whose slot it then holds. Called at most once, on any thread, with
  // the service locked: it must only hand over.
  std::function<void(std::shared_ptr<Server>, worker::v1::SendProxy)> grant;

  // The service's:
  uint64_t sequence = 0;  // order of arrival
  bool waiting = false;   // in a queue
};
using WaiterQueue = std::list<std::shared_ptr<Waiter>>;

// What the snapshot says of a server.
struct ServerSettings {
  uint32_t weight = 1;
  uint32_t max_connections = 0;  // 0: no limit
  worker::v1::SendProxy send_proxy = worker::v1::SEND_PROXY_UNSPECIFIED;
  uint64_t slow_start_ms = 0;
  worker::v1::AdminState admin_state = worker::v1::ADMIN_STATE_READY;
  bool unchecked = false;
};

// Identity is name and address: a server whose address changes is another one. What is not const is
// guarded by the mutex of its service, but for `bytes`.
struct Server {
  Server(std::string server_name, const net::Address& server_address, uint32_t threads)
      : name(std::move(server_name)),
        address(server_address),
        name_hash(net::HashName(name)),
        bytes(threads) {}

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

  std::vector<ByteCounters> bytes;  // by thread

 private:
  bool NotDown() const { return check_state != worker::v1::CHECK_STATE_DOWN; }
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SERVER_H_
