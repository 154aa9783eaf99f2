// A virtual service, as it lives over the snapshots that name it: its servers, its queue, its
// counters.
#ifndef ALOHA_WORKERS_PROXY_SERVICE_H_
#define ALOHA_WORKERS_PROXY_SERVICE_H_

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/proxy/balancer.h"
#include "workers/proxy/server.h"
#include "workers/proxy/stick_table.h"

namespace aloha::proxy {

// The part of a snapshot that decides which server a session gets.
struct ServicePlan {
  struct Entry {
    std::shared_ptr<Server> server;
    ServerSettings settings;
  };
  std::vector<Entry> servers;
  worker::v1::Balance balance = worker::v1::BALANCE_ROUND_ROBIN;
  std::shared_ptr<StickTable> table;  // null: no persistence
  uint64_t stick_expiry_ms = 0;
};

// Any thread; one mutex, taken a few times per session and never per byte. Times are milliseconds
// of CLOCK_MONOTONIC.
class Service {
 public:
  using Servers = std::vector<std::shared_ptr<Server>>;

  struct Choice {
    enum class Kind { kServer, kBusy, kNone };
    Kind kind = Kind::kNone;
    // kServer: its slot is held until Leave or Abandon. kBusy: the server to wait for; null: any.
    std::shared_ptr<Server> server;
    worker::v1::SendProxy send_proxy = worker::v1::SEND_PROXY_UNSPECIFIED;
    // kBusy, after Wait: sessions ahead in the server's or the service's queue.
    uint32_t server_queue = 0, service_queue = 0;
  };
  // Numbers for the log line.
  struct Load {
    uint32_t service_sessions = 0, server_sessions = 0;
  };

  Service(std::string name, uint32_t threads);

  const std::string& name() const { return name_; }
  ByteCounters& bytes(uint32_t thread) { return bytes_[thread]; }

  // The server of this identity, if the service has it.
  std::shared_ptr<Server> Find(const std::string& name, const net::Address& address) const;
  // Uses another plan. Returns the servers whose sessions are to be closed now.
  Servers Apply(const ServicePlan& plan, uint64_t now_ms);
  // What checks say of the server of this name; true when its state changed. Servers to close go to
  // `close`.
  bool SetCheckState(const std::string& server, worker::v1::CheckState state, uint64_t now_ms,
                     Servers& close);

  // A session came. Every one leaves once.
  void Enter();
  // Its server. `tried`: those that failed it, avoided while there are others; persistence decides
  // only when there are none.
  Choice Choose(const net::Ip& client, std::span<const std::shared_ptr<Server>> tried,
                uint64_t now_ms);
  // Like Choose, but on kBusy puts the waiter into a queue.
  Choice Wait(const std::shared_ptr<Waiter>& waiter, uint64_t now_ms);
  // Takes the waiter out of its queue; a grant may be under way all the same.
  void StopWaiting(const std::shared_ptr<Waiter>& waiter);
  // Gives a slot back before the session ends; others may be waiting for it.
  void Abandon(Server& server, uint64_t now_ms);
  // The session ends; server: the one whose slot it holds, or null. failed: it never reached one.
  Load Leave(Server* server, bool failed, uint64_t now_ms);
  // Keeps the client's stick entry alive, if it points to this server.
  void RefreshStickEntry(const net::Ip& client, const Server& server, uint64_t now_ms);

  // An attempt to connect failed, and what follows. `next`: the server tried next, the same or
  // another.
  void CountConnectError(Server& server);
  void CountRetry(Server& server);
  void CountRedispatch(Server& server);
  // Refused at the door.
  void CountDenied();

  void FillStats(worker::v1::ServiceStats& stats, uint64_t now_ms) const;
  void ResetStats();
  // Name of the server with this hash; empty: none.
  std::string ServerName(uint64_t name_hash) const;

 private:
  // All of these: with mutex_ held.
  Choice ChooseLocked(const net::Ip& client, std::span<const std::shared_ptr<Server>> tried,
                      uint64_t now_ms);
  std::vector<Candidate> Candidates(std::span<const std::shared_ptr<Server>> tried,
                                    uint64_t now_ms) const;
  Choice Take(const std::shared_ptr<Server>& server);
  void Enqueue(const std::shared_ptr<Waiter>& waiter, Server* bound);
  // Gives free slots to those who wait, oldest first.
  void ServeQueues(uint64_t now_ms);
  WaiterQueue* QueueToServe();
  // Lets those who wait for a server that takes nobody any more wait for any.
  void Unbind(Server& server);

  const std::string name_;
  std::vector<ByteCounters> bytes_;

  mutable std::mutex mutex_;
  Servers servers_;
  worker::v1::Balance balance_ = worker::v1::BALANCE_ROUND_ROBIN;
  std::shared_ptr<StickTable> table_;
  uint64_t stick_expiry_ms_ = 0;
  WaiterQueue queue_;  // sessions that wait for any server
  uint64_t last_sequence_ = 0;
  uint32_t waiting_ = 0;  // in all queues
  uint32_t sessions_ = 0, sessions_max_ = 0;
  uint64_t sessions_total_ = 0, failed_ = 0, denied_ = 0;
  ByteTotals bytes_at_reset_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SERVICE_H_
