// Brings what should run to the workers: every worker accepts, or nothing changes.
#ifndef ALOHA_SUPERVISOR_DEPLOYMENT_H_
#define ALOHA_SUPERVISOR_DEPLOYMENT_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/async.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/kept_descriptors.h"
#include "supervisor/old_keys.h"
#include "supervisor/target.h"
#include "worker/v1/roles.pb.h"

namespace aloha::supervisor {

class Deployment {
 public:
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

  // Called with our end of a stream socket, for each way in which a worker may call the supervisor.
  void OnCaller(
      std::function<void(const Role& caller, const Peer& peer, UniqueFd socket)> handler) {
    on_caller_ = std::move(handler);
  }

  const Target& target() const { return target_; }

  // The memory of a stick table and the number of its places; the descriptor stays the
  // deployment's. Nothing: there is none.
  std::optional<std::pair<int, uint32_t>> StickMemoryOf(const std::string& table) const {
    return kept_.StickMemoryOf(table);
  }

 private:
  uint64_t NextGeneration(uint64_t above);
  asio::awaitable<Result<>> Bind(worker::v1::BindRequest request);
  void ConnectPeers(Process& process);
  void ConnectPeer(Process& process, const Peer& peer);
  asio::awaitable<Result<>> Prepare(std::shared_ptr<Process> process, const Target& target,
                                    uint64_t generation);
  asio::awaitable<Result<>> PrepareAll(const Target& next, uint64_t generation);
  asio::awaitable<void> Commit(std::string_view role, uint64_t generation);
  asio::awaitable<void> CommitAll(uint64_t generation);
  asio::awaitable<void> AbortAll();
  asio::awaitable<void> RetireKeys();

  asio::io_context& loop_;
  Fleet& fleet_;
  Events& events_;
  AsyncMutex mutex_;  // one change at a time
  Target target_;
  // Of the target; those that it has beside them sign for handshakes that began before.
  worker::v1::KeysSnapshot keys_;
  OldKeys old_keys_;
  uint64_t generation_ = 0;
  KeptDescriptors kept_;
  std::function<void(std::shared_ptr<Process>)> on_equipped_;
  std::function<void(const Role& caller, const Peer& peer, UniqueFd socket)> on_caller_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_DEPLOYMENT_H_
