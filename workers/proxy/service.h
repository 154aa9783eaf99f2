// A virtual service, as it lives over the snapshots that name it: its servers, its queue, its
// counters.
#ifndef ALOHA_WORKERS_PROXY_SERVICE_H_
#define ALOHA_WORKERS_PROXY_SERVICE_H_

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/net/histogram.h"
#include "workers/net/stick_table.h"
#include "workers/proxy/balancer.h"
#include "workers/proxy/server.h"

namespace aloha::proxy {

// The part of a snapshot that decides which server a session gets.
struct ServicePlan {
  struct Entry {
    std::shared_ptr<Server> server;
    ServerSettings settings;
  };
  std::vector<Entry> servers;
  worker::v1::Balance balance = worker::v1::BALANCE_ROUND_ROBIN;
  bool http = false;                       // its servers get requests
  std::shared_ptr<net::StickTable> table;  // null: no persistence by it
  bool by_authorization = false;           // the table's clients are hashes of Authorization values
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
    // kServer: the one that the claim is connected to; its slot is not taken a second time.
    bool kept = false;
    std::shared_ptr<const Approach> approach;  // kServer: how it is connected to
    // kBusy, after Wait: sessions ahead in the server's or the service's queue.
    uint32_t server_queue = 0, service_queue = 0;
  };
  // Numbers for the log line.
  struct Load {
    uint32_t service_sessions = 0, backend_sessions = 0, server_sessions = 0;
  };

  Service(std::string name, uint32_t threads);

  const std::string& name() const { return name_; }
  ByteCounters& bytes(uint32_t thread) { return bytes_[thread]; }
  HttpCounters& http(uint32_t thread) { return http_[thread]; }
  net::Histogram& response_times(uint32_t thread) { return response_times_[thread]; }

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
  // Its server.
  Choice Choose(const Claim& claim, uint64_t now_ms);
  // Like Choose, but on kBusy puts the waiter into a queue.
  Choice Wait(const std::shared_ptr<Waiter>& waiter, uint64_t now_ms);
  // Takes the waiter out of its queue; a grant may be under way all the same.
  void StopWaiting(const std::shared_ptr<Waiter>& waiter);
  // Gives a slot back before the session ends; others may be waiting for it.
  void Abandon(Server& server, uint64_t now_ms);
  // The session ends; server: the one whose slot it holds, or null. failed: it never reached one.
  Load Leave(Server* server, bool failed, uint64_t now_ms);
  // The numbers as they are now; server may be null.
  Load CurrentLoad(const Server* server) const;
  // Keeps the client's stick entry alive, if it points to this server.
  void RefreshStickEntry(const net::Ip& client, const Server& server, uint64_t now_ms);

  // An attempt to connect failed, and what follows. `next`: the server tried next, the same or
  // another.
  void CountConnectError(Server& server);
  void CountRetry(Server& server);
  void CountRedispatch(Server& server);
  // Refused at the door.
  void CountDenied();
  // The client said more behind STARTTLS.
  void CountInjected();
  // No server could be reached.
  void CountFailed();

  void FillStats(worker::v1::ServiceStats& stats, uint64_t now_ms) const;
  void ResetStats();
  // Name of the server with this hash; empty: none.
  std::string ServerName(uint64_t name_hash) const;

 private:
  // All of these: with mutex_ held.
  Choice ChooseLocked(const Claim& claim, uint64_t now_ms);
  // Whom persistence binds the claim to, if it can serve.
  const std::shared_ptr<Server>* FindBound(const Claim& claim, uint64_t now_ms);
  std::optional<net::Ip> StickKey(const Claim& claim) const;
  Choice Balance(const Claim& claim, uint64_t now_ms);
  std::vector<Candidate> Candidates(std::span<const std::shared_ptr<Server>> tried,
                                    uint64_t now_ms) const;
  Choice Take(const std::shared_ptr<Server>& server, const Claim& claim);
  void Enqueue(const std::shared_ptr<Waiter>& waiter, Server* bound);
  // Gives free slots to those who wait, oldest first.
  void ServeQueues(uint64_t now_ms);
  WaiterQueue* QueueToServe();
  // Lets those who wait for a server that takes nobody any more wait for any.
  void Unbind(Server& server);

  const std::string name_;
  std::vector<ByteCounters> bytes_;
  std::vector<HttpCounters> http_;
  std::vector<net::Histogram> response_times_;

  mutable std::mutex mutex_;
  Servers servers_;
  worker::v1::Balance balance_ = worker::v1::BALANCE_ROUND_ROBIN;
  std::shared_ptr<net::StickTable> table_;
  bool by_authorization_ = false;
  uint64_t stick_expiry_ms_ = 0;
  WaiterQueue queue_;  // sessions that wait for any server
  uint64_t last_sequence_ = 0;
  uint32_t waiting_ = 0;  // in all queues
  uint32_t sessions_ = 0, sessions_max_ = 0;
  uint64_t sessions_total_ = 0, failed_ = 0, denied_ = 0, injected_ = 0;
  ByteTotals bytes_at_reset_;
  HttpTotals http_at_reset_;
  bool is_http_ = false;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_SERVICE_H_
