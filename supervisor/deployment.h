// Brings what should run to the workers: every worker accepts, or nothing changes. Keeps the
// descriptors that outlive workers: listening sockets and the memory of stick tables.
#ifndef ALOHA_SUPERVISOR_DEPLOYMENT_H_
#define ALOHA_SUPERVISOR_DEPLOYMENT_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/async.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/descriptors.h"

namespace aloha::supervisor {

// What all workers should run.
struct Target {
  worker::v1::ProxySnapshot proxy;
  worker::v1::HealthSnapshot health;
  worker::v1::SystemSnapshot system;
  worker::v1::WuiSnapshot wui;
  worker::v1::TlsSnapshot tls;
  worker::v1::KeysSnapshot keys;

  // The optional role of this name has something to do.
  bool Needs(std::string_view role) const;
  // Takes out whatever needs a handshake: TLS listeners close, and no TLS begins.
  void StopTls();
};

class Deployment {
 public:
  // Handshakes that began with a certificate may go on so long when it is replaced.
  static constexpr std::chrono::seconds kOldKeys{12};

  Deployment(asio::io_context& loop, Fleet& fleet, Events& events);

  // Makes `next` the target. `before_commit` (may be empty) runs when every worker has accepted;
  // when it fails, nothing changes either. Workers that do not run are passed over: they get the
  // target when they come.
  asio::awaitable<Result<>> Apply(Target next, std::function<Result<>()> before_commit);

  // Changes the target of the role of this name alone.
  asio::awaitable<Result<>> ApplyTo(std::string_view role, std::function<void(Target&)> change);

  // Gives the current target to a fresh or adopted process.
  asio::awaitable<Result<>> Equip(std::shared_ptr<Process> process);

  // Called with each process that was just equipped.
  void OnEquipped(std::function<void(std::shared_ptr<Process>)> handler) {
    on_equipped_ = std::move(handler);
  }

  // Called with our end of a stream socket, for each worker that may call the management API.
  void OnCaller(std::function<void(const Role& caller, UniqueFd socket)> handler) {
    on_caller_ = std::move(handler);
  }

  const Target& target() const { return target_; }

 private:
  using ListenerName = std::pair<std::string, uint32_t>;
  struct StickMemory {
    uint32_t max_entries = 0;
    UniqueFd memory;
  };

  uint64_t NextGeneration(uint64_t above);
  worker::v1::Snapshot SnapshotFor(std::string_view role, const Target& target) const;
  std::vector<worker::v1::Listener> Missing(const Target& next) const;
  asio::awaitable<Result<>> Bind(const std::vector<worker::v1::Listener>& listeners);
  Result<> MakeTables(const Target& next);
  void DropUnused();
  void Receive(Process& process);
  Result<> SendListeners(const Process& process,
                         const std::vector<worker::v1::Listener>& listeners) const;
  Result<> SendTables(const Process& process, const Target& target) const;
  void ConnectPeers(Process& process);
  void ConnectPeer(Process& process, const Peer& peer);
  asio::awaitable<Result<>> Prepare(std::shared_ptr<Process> process, const Target& target,
                                    uint64_t generation);
  asio::awaitable<Result<>> PrepareAll(const Target& next, uint64_t generation);
  asio::awaitable<void> Commit(std::string_view role, uint64_t generation);
  asio::awaitable<void> CommitAll(uint64_t generation);
  asio::awaitable<void> AbortAll();
  asio::awaitable<void> RetireKeys(uint64_t change_number);

  asio::io_context& loop_;
  Fleet& fleet_;
  Events& events_;
  AsyncMutex mutex_;  // one change at a time
  Target target_;
  // Of the target; those that it has beside them sign for handshakes that began before.
  worker::v1::KeysSnapshot keys_;
  uint64_t key_changes_ = 0;
  uint64_t generation_ = 0;
  std::map<ListenerName, UniqueFd> listeners_;
  std::map<std::string, StickMemory> tables_;
  std::function<void(std::shared_ptr<Process>)> on_equipped_;
  std::function<void(const Role& caller, UniqueFd socket)> on_caller_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_DEPLOYMENT_H_
