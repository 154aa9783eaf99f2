// The proxy itself: data threads, the configuration they run, what is known of servers. Without
// gRPC.
#ifndef ALOHA_WORKERS_PROXY_ENGINE_H_
#define ALOHA_WORKERS_PROXY_ENGINE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/proxy/data_thread.h"
#include "workers/proxy/running_config.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/log.h"

namespace aloha::proxy {

// All calls on one thread, the control thread. Callbacks come on a data thread, once each.
class Engine {
 public:
  // max_sessions: at most so many at a time; further clients are refused. kernel_tls:
  // the kernel can take over the records of hot streams. `log` outlives the engine.
  Engine(Log& log, uint32_t max_sessions, bool kernel_tls = false);
  // Cuts what lives and joins the threads.
  ~Engine();

  // Checks a snapshot and keeps what it builds for Commit; the first one makes the threads. On
  // failure nothing changes.
  Result<> Prepare(const worker::v1::ProxySnapshot& snapshot, const Offers& offers);
  // Uses what was prepared. Sessions that live are not touched, but those of servers that went to
  // MAINTENANCE end.
  void Commit();
  // Connections with TLS come by this socket, from aloha-tls (handoff.proto), and handshakes are
  // asked for; earlier ones are heard until they end.
  void SetTlsLink(UniqueFd socket);
  void Abort() { prepared_.reset(); }

  // Check states of servers; names that no snapshot knows are kept for a later one. UNKNOWN does
  // not replace what was decided: a health process that has just begun says so of every server.
  void SetCheckStates(const worker::v1::TargetStates& states);

  // Closes the listeners; when `done` is called nothing is accepted any more, but what aloha-tls
  // still hands over. A later Commit needs their sockets again.
  void StopListening(std::function<void()> done);
  // The listening sockets and the memory of the stick tables in use.
  std::vector<NamedDescriptor> Keepsakes() const;
  uint32_t sessions() const { return shared_.sessions.load(std::memory_order_relaxed); }
  // Ends every session.
  void CutSessions(std::function<void(uint64_t cut)> done);

  void GetStats(worker::v1::GetStatsResponse& stats) const;
  void ResetStats();
  // kInvalidArgument when the client address is none; `done` is not called then.
  Result<> ListSessions(const worker::v1::ListSessionsRequest& request,
                        std::function<void(worker::v1::ListSessionsResponse)> done);
  // The same, and when the request names nothing.
  Result<> CloseSessions(const worker::v1::CloseSessionsRequest& request,
                         std::function<void(uint64_t closed)> done);
  void ListStickEntries(const worker::v1::ListStickEntriesRequest& request,
                        worker::v1::ListStickEntriesResponse& response) const;
  // kNotFound: no such table; kInvalidArgument: the client address is none.
  Result<uint64_t> ClearStickEntries(const worker::v1::ClearStickEntriesRequest& request);

 private:
  Result<> StartThreads(uint32_t count);
  void ShareTlsLink();
  void CloseSessionsOf(Service::Servers servers, Cause cause);
  bool HoldsHashes(const net::StickTable& table) const;
  std::string NameOfServer(const net::StickTable& table, uint64_t name_hash) const;

  Shared shared_;
  const uint64_t start_ms_;
  std::vector<std::unique_ptr<DataThread>> threads_;
  std::shared_ptr<const TlsLink> tls_link_;       // null: aloha-tls has not come
  std::shared_ptr<const RunningConfig> running_;  // never null
  std::shared_ptr<const RunningConfig> prepared_;
  // By service and server, whether a snapshot knows them or not.
  std::map<std::pair<std::string, std::string>, worker::v1::CheckState> check_states_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_ENGINE_H_
