#include "supervisor/deployment.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "supervisor/call.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::seconds kCallTimeout{10};
// How long an apply waits for a worker that is being started again.
constexpr std::chrono::seconds kWorkerTimeout{3};

// Workers accept in this order: sockets first, then who judges servers, then who serves; each after
// those whose help it asks for.
constexpr std::string_view kOrder[] = {"system", "keys",  "health", "vrrp",
                                       "tls",    "proxy", "wui",    "gateway"};

}  // namespace

Deployment::Deployment(asio::io_context& loop, Fleet& fleet, Events& events)
    : loop_(loop), fleet_(fleet), events_(events), mutex_(loop) {}

// Generations follow the clock, so that those of a later supervisor are above those of an earlier
// one.
uint64_t Deployment::NextGeneration(uint64_t above) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto clock =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  generation_ = std::max({generation_ + 1, above + 1, clock});
  return generation_;
}

asio::awaitable<Result<>> Deployment::Bind(v1::BindRequest request) {
  if (request.listeners().empty() && request.vrrp_sockets().empty()) co_return Result<>();
  const std::shared_ptr<Process> system = fleet_.Find("system");
  if (!system)
    co_return Fail(Code::kUnavailable,
                   "aloha-system does not run, so no port can be opened; try again");
  const auto stub = v1::System::NewStub(system->channel);
  const auto bound =
      co_await Call(stub->async(), &v1::System::Stub::async::Bind, request, kCallTimeout);
  kept_.Receive(*system);
  if (!bound) co_return tl::make_unexpected(bound.error());
  co_return kept_.Expect(request);
}

// A fresh pair of sockets between `process` and each of its peers.
void Deployment::ConnectPeers(Process& process) {
  for (const Peer& peer : process.role->peers) ConnectPeer(process, peer);
}

void Deployment::ConnectPeer(Process& process, const Peer& peer) {
  const bool calls_us = IsSupervisor(peer.role);
  const std::shared_ptr<Process> other = fleet_.Find(peer.role);
  if (!other && !calls_us) return;  // it will connect when it comes
  Result<SocketPair> pair = MakeSocketPair(calls_us ? SOCK_STREAM : SOCK_SEQPACKET);
  if (!pair) {
    events_.Add(Event::ERROR, "worker", process.role->name, pair.error().message);
    return;
  }
  const auto send = [](Process& to, std::string_view peer_role, int fd) {
    v1::Descriptor name;
    name.set_peer_role(std::string(peer_role));
    const NamedDescriptor named[] = {{name, fd}};
    (void)SendDescriptors(to.descriptors.get(), named);
  };
  send(process, peer.role, pair->theirs.get());
  if (calls_us) {
    on_caller_(*process.role, peer, std::move(pair->ours));
  } else {
    send(*other, process.role->name, pair->ours.get());
  }
}

asio::awaitable<Result<>> Deployment::Prepare(std::shared_ptr<Process> process,
                                              const Target& target, uint64_t generation) {
  v1::PrepareSnapshotRequest request;
  *request.mutable_snapshot() = SnapshotFor(process->role->name, target);
  request.mutable_snapshot()->set_generation(generation);
  auto prepared = co_await Call(process->worker->async(), &v1::Worker::Stub::async::PrepareSnapshot,
                                request, kCallTimeout);
  if (prepared) co_return Result<>();
  Error error = std::move(prepared.error());
  error.message = fmt::format("{} does not accept it: {}", process->role->binary, error.message);
  co_return tl::make_unexpected(std::move(error));
}

asio::awaitable<Result<>> Deployment::PrepareAll(const Target& next, uint64_t generation) {
  for (const std::string_view role : kOrder) {
    const std::shared_ptr<Process> process = fleet_.Find(role);
    if (!process) continue;
    if (role != "system") {  // it opens them
      if (auto sent = kept_.SendNew(*process, target_, next); !sent) co_return sent;
    }
    const auto prepared = co_await Prepare(process, next, generation);
    if (!prepared) co_return prepared;
  }
  co_return Result<>();
}

asio::awaitable<void> Deployment::Commit(std::string_view role, uint64_t generation) {
  const std::shared_ptr<Process> process = fleet_.Find(role);
  if (!process) co_return;
  v1::CommitSnapshotRequest request;
  request.set_generation(generation);
  const auto committed = co_await Call(
      process->worker->async(), &v1::Worker::Stub::async::CommitSnapshot, request, kCallTimeout);
  if (committed || process->ended) co_return;
  // It accepted and cannot: a fresh process gets the target instead.
  events_.Add(Event::ERROR, "worker", role,
              fmt::format("commit failed: {}", committed.error().message));
  syscall(SYS_pidfd_send_signal, process->pidfd.get(), SIGKILL, nullptr, 0);
}

asio::awaitable<void> Deployment::CommitAll(uint64_t generation) {
  for (const std::string_view role : kOrder) co_await Commit(role, generation);
}

asio::awaitable<void> Deployment::AbortAll() {
  for (const std::string_view role : kOrder) {
    if (const std::shared_ptr<Process> process = fleet_.Find(role)) {
      (void)co_await Call(process->worker->async(), &v1::Worker::Stub::async::AbortSnapshot,
                          v1::AbortSnapshotRequest(), kCallTimeout);
    }
  }
}

// Takes from aloha-keys what only handshakes that began before needed, when their time is over.
asio::awaitable<void> Deployment::RetireKeys() {
  co_await Sleep(OldKeys::kKept);
  const auto change = [this](Target& target) {
    target.keys = keys_;
    old_keys_.AddKept(std::chrono::steady_clock::now(), target.keys);
  };
  const Result<> retired = co_await ApplyTo("keys", change);
  if (!retired) events_.Add(Event::ERROR, "worker", "keys", retired.error().message);
}

asio::awaitable<Result<>> Deployment::Apply(Target next, std::function<Result<>()> before_commit) {
  // A worker that is just being started again is waited for, outside the lock that its equipping
  // needs.
  for (const std::string_view role : kOrder) {
    const Slot::State state = fleet_.slots().find(role)->second.state;
    if (state == Slot::State::kStarting || state == Slot::State::kWaiting) {
      (void)co_await fleet_.Await(role, kWorkerTimeout);
    }
  }
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  const uint64_t generation = NextGeneration(0);
  v1::KeysSnapshot keys = next.keys;
  const bool keeps_old_keys = AddKeys(target_.keys, next.keys);
  Result<> accepted = co_await Bind(kept_.Missing(next));
  if (accepted) accepted = kept_.MakeTables(next);
  if (accepted) accepted = co_await PrepareAll(next, generation);
  if (accepted && before_commit) accepted = before_commit();
  if (!accepted) {
    co_await AbortAll();
  } else {
    target_ = std::move(next);
    co_await CommitAll(generation);
    old_keys_.Replace(keys_, keys, std::chrono::steady_clock::now());
    keys_ = std::move(keys);
    if (keeps_old_keys) Spawn(loop_, RetireKeys());
  }
  kept_.DropUnused(target_);
  co_return accepted;
}

asio::awaitable<Result<>> Deployment::ApplyTo(std::string_view role,
                                              std::function<void(Target&)> change) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  Target next = target_;
  change(next);
  const uint64_t generation = NextGeneration(0);
  if (const std::shared_ptr<Process> process = fleet_.Find(role)) {
    const Result<> prepared = co_await Prepare(process, next, generation);
    if (!prepared) co_return prepared;
  }
  target_ = std::move(next);
  co_await Commit(role, generation);
  co_return Result<>();
}

asio::awaitable<Result<>> Deployment::Equip(std::shared_ptr<Process> process) {
  const AsyncMutex::Guard guard = co_await mutex_.Lock();
  kept_.Receive(*process);  // an adopted worker gives back what it held
  if (process->adopted && generation_ == 0) {
    // Nothing was decided yet: it goes on with what it runs, and the first Apply reaches it as
    // well.
    ConnectPeers(*process);
    if (on_equipped_) on_equipped_(process);
    co_return Result<>();
  }
  if (auto sent = kept_.SendAll(*process, target_); !sent) co_return sent;
  const uint64_t generation = NextGeneration(process->info.generation());
  const auto prepared = co_await Prepare(process, target_, generation);
  if (!prepared) co_return prepared;
  v1::CommitSnapshotRequest request;
  request.set_generation(generation);
  const auto committed = co_await Call(
      process->worker->async(), &v1::Worker::Stub::async::CommitSnapshot, request, kCallTimeout);
  if (!committed) co_return tl::make_unexpected(committed.error());
  ConnectPeers(*process);
  if (on_equipped_) on_equipped_(process);
  co_return Result<>();
}

}  // namespace aloha::supervisor
