// The handshake worker itself: threads, the configuration they run, the sockets to aloha-proxy and
// aloha-keys. Without gRPC.
#ifndef ALOHA_WORKERS_TLS_ENGINE_H_
#define ALOHA_WORKERS_TLS_ENGINE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/v1/roles.pb.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/log.h"
#include "workers/tls/handshake_thread.h"
#include "workers/tls/running_config.h"

namespace aloha::tls {

// All calls on one thread, the control thread.
class Engine {
 public:
  // `log` outlives the engine.
  explicit Engine(Log& log);
  // Cuts what is in progress and joins the threads.
  ~Engine();

  // Checks a snapshot and keeps what it builds for Commit; the first one makes the threads. On
  // failure nothing changes.
  Result<> Prepare(const worker::v1::TlsSnapshot& snapshot, const TakeListener& take_listener);
  // Uses what was prepared. Handshakes in progress go on as they began.
  void Commit();
  void Abort() { prepared_.reset(); }

  // The socket to the next aloha-proxy or aloha-keys. Proxies before are answered until they end.
  void SetProxy(UniqueFd socket);
  void SetKeys(UniqueFd socket);

  // Closes the listeners; when `done` is called, on a handshake thread, nothing is accepted any
  // more. A later Commit needs their sockets again.
  void StopListening(std::function<void()> done);
  // In progress, and done but not yet taken by the proxy.
  uint32_t handshakes() const { return shared_.bounds.in_progress(); }
  // Ends every handshake; `done` is called on a handshake thread with how many.
  void CutHandshakes(std::function<void(uint32_t cut)> done);
  // The listening sockets in use.
  std::vector<NamedDescriptor> Keepsakes() const;

  void GetStats(worker::v1::GetTlsStatsResponse& stats) const;
  void ResetStats();

 private:
  Result<> StartThreads(uint32_t count);
  void EndThreads();
  // Runs it on every thread; the last one calls `done`.
  void OnEveryThread(std::function<void(HandshakeThread&)> task, std::function<void()> done);

  Shared shared_;
  uint64_t last_peer_id_ = 0;
  SharedPeer proxy_, keys_;
  std::shared_ptr<const RunningConfig> running_;  // never null
  std::shared_ptr<const RunningConfig> prepared_;
};

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_ENGINE_H_
