#include "supervisor/deployment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "supervisor/call.h"
#include "worker/v1/roles.grpc.pb.h"
#include "workers/runtime/stick_memory.h"

namespace aloha::supervisor {
namespace v1 = worker::v1;
namespace {

constexpr std::chrono::seconds kCallTimeout{10};
// How long an apply waits for a worker that is being started again.
constexpr std::chrono::seconds kWorkerTimeout{3};

// Workers accept in this order: sockets first, then who judges servers, then who serves; each after
// those whose help it asks for.
constexpr std::string_view kOrder[] = {"system", "keys", "health", "tls", "proxy", "wui"};

Result<UniqueFd> MakeStickMemory(const std::string& name, uint32_t max_entries) {
  UniqueFd memory(memfd_create(("stick-" + name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ftruncate(memory.get(), static_cast<off_t>(StickMemoryBytes(max_entries))) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return FailErrno("memory of stick table " + name);
  }
  return memory;
}

// The listening sockets that a role gets: its own alone.
std::vector<v1::Listener> ListenersOf(std::string_view role, const Target& target) {
  std::vector<v1::Listener> listeners;
  if (role == "system") {
    listeners.assign(target.system.listeners().begin(), target.system.listeners().end());
  } else if (role == "wui" && target.wui.has_metrics()) {
    listeners.push_back(target.wui.metrics().listener());
  } else if (role == "proxy" || role == "tls") {
    for (const v1::VirtualService& service : target.proxy.services()) {
      for (const v1::Listener& listener : service.listeners()) {
        if (listener.tls() == (role == "tls")) listeners.push_back(listener);
      }
    }
  }
  return listeners;
}

// Those that the role has not got already.
std::vector<v1::Listener> NewListenersOf(std::string_view role, const Target& running,
                                         const Target& next) {
  std::vector<v1::Listener> listeners = ListenersOf(role, next);
  std::set<std::pair<std::string, uint32_t>> known;
  for (const v1::Listener& listener : ListenersOf(role, running)) {
    known.emplace(listener.address(), listener.port());
  }
  std::erase_if(listeners, [&known](const v1::Listener& listener) {
    return known.contains({listener.address(), listener.port()});
  });
  return listeners;
}

// Adds to `keys` those of `others` that it has not. True: there were some.
bool AddKeys(const v1::KeysSnapshot& others, v1::KeysSnapshot& keys) {
  const int before = keys.keys_size();
  const std::set<std::string> known(keys.keys().begin(), keys.keys().end());
  for (const std::string& key : others.keys()) {
    if (!known.contains(key)) keys.add_keys(key);
  }
  return keys.keys_size() > before;
}

}  // namespace

bool Target::Needs(std::string_view role) const {
  if (role == "wui") return wui.has_metrics();
  if (role == "tls") return tls.listeners_size() > 0 || tls.servers_size() > 0;
  return true;
}

void Target::StopTls() {
  const auto close = [](google::protobuf::RepeatedPtrField<v1::Listener>* listeners) {
    listeners->erase(std::remove_if(listeners->begin(), listeners->end(),
                                    [](const v1::Listener& listener) { return listener.tls(); }),
                     listeners->end());
  };
  close(system.mutable_listeners());
  for (v1::VirtualService& service : *proxy.mutable_services()) close(service.mutable_listeners());
  tls.clear_listeners();
  tls.clear_servers();
  tls.clear_certificates();
}

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

v1::Snapshot Deployment::SnapshotFor(std::string_view role, const Target& target) const {
  v1::Snapshot snapshot;
  if (role == "proxy") *snapshot.mutable_proxy() = target.proxy;
  if (role == "health") *snapshot.mutable_health() = target.health;
  if (role == "system") *snapshot.mutable_system() = target.system;
  if (role == "wui") *snapshot.mutable_wui() = target.wui;
  if (role == "tls") *snapshot.mutable_tls() = target.tls;
  if (role == "keys") *snapshot.mutable_keys() = target.keys;
  return snapshot;
}

std::vector<v1::Listener> Deployment::Missing(const Target& next) const {
  std::vector<v1::Listener> missing;
  for (const v1::Listener& listener : next.system.listeners()) {
    if (!listeners_.contains({listener.address(), listener.port()})) missing.push_back(listener);
  }
  return missing;
}

asio::awaitable<Result<>> Deployment::Bind(const std::vector<v1::Listener>& listeners) {
  if (listeners.empty()) co_return Result<>();
  const std::shared_ptr<Process> system = fleet_.Find("system");
  if (!system)
    co_return Fail(Code::kUnavailable,
                   "aloha-system does not run, so no port can be opened; try again");
  v1::BindRequest request;
  for (const v1::Listener& listener : listeners) *request.add_listeners() = listener;
  const auto stub = v1::System::NewStub(system->channel);
  const auto bound =
      co_await Call(stub->async(), &v1::System::Stub::async::Bind, request, kCallTimeout);
  Receive(*system);
  if (!bound) co_return tl::make_unexpected(bound.error());
  for (const v1::Listener& listener : listeners) {
    if (!listeners_.contains({listener.address(), listener.port()})) {
      co_return Fail(Code::kInternal, fmt::format("aloha-system sent no socket for {}:{}",
                                                  listener.address(), listener.port()));
    }
  }
  co_return Result<>();
}

// Takes what the worker sent: fresh listeners, or what an adopted worker held.
void Deployment::Receive(Process& process) {
  for (;;) {
    Result<Packet> packet = ReceivePacket(process.descriptors.get());
    if (!packet) return;
    v1::Descriptors names;
    if (!names.ParseFromString(packet->payload)) continue;
    const size_t count = std::min<size_t>(packet->descriptors.size(), names.descriptors_size());
    for (size_t i = 0; i < count; ++i) {
      const v1::Descriptor& name = names.descriptors(static_cast<int>(i));
      if (name.has_listener()) {
        listeners_[{name.listener().address(), name.listener().port()}] =
            std::move(packet->descriptors[i]);
      } else if (name.has_stick_table()) {
        tables_[name.stick_table().name()] = {name.stick_table().max_entries(),
                                              std::move(packet->descriptors[i])};
      }
    }
  }
}

Result<> Deployment::MakeTables(const Target& next) {
  for (const v1::StickTable& table : next.proxy.stick_tables()) {
    const auto found = tables_.find(table.name());
    if (found != tables_.end() && found->second.max_entries == table.max_entries()) continue;
    Result<UniqueFd> memory = MakeStickMemory(table.name(), table.max_entries());
    if (!memory) return tl::make_unexpected(memory.error());
    tables_[table.name()] = {table.max_entries(), std::move(*memory)};
  }
  return {};
}

// Closes what the target does not name.
void Deployment::DropUnused() {
  std::erase_if(listeners_, [this](const auto& held) {
    return std::none_of(target_.system.listeners().begin(), target_.system.listeners().end(),
                        [&](const auto& named) {
                          return named.address() == held.first.first &&
                                 named.port() == held.first.second;
                        });
  });
  std::erase_if(tables_, [this](const auto& held) {
    return std::none_of(target_.proxy.stick_tables().begin(), target_.proxy.stick_tables().end(),
                        [&](const auto& named) { return named.name() == held.first; });
  });
}

Result<> Deployment::SendListeners(const Process& process,
                                   const std::vector<v1::Listener>& listeners) const {
  std::vector<NamedDescriptor> named;
  for (const v1::Listener& listener : listeners) {
    const auto held = listeners_.find({listener.address(), listener.port()});
    if (held == listeners_.end()) continue;
    named.emplace_back(NameListener(listener.address(), listener.port()), held->second.get());
  }
  return SendDescriptors(process.descriptors.get(), named);
}

Result<> Deployment::SendTables(const Process& process, const Target& target) const {
  std::vector<NamedDescriptor> named;
  for (const v1::StickTable& table : target.proxy.stick_tables()) {
    const StickMemory& held = tables_.at(table.name());
    named.emplace_back(NameStickTable(table.name(), held.max_entries), held.memory.get());
  }
  return SendDescriptors(process.descriptors.get(), named);
}

// A fresh pair of sockets between `process` and each of its peers.
void Deployment::ConnectPeers(Process& process) {
  for (const Peer& peer : process.role->peers) ConnectPeer(process, peer);
}

void Deployment::ConnectPeer(Process& process, const Peer& peer) {
  const bool calls_us = peer.role == kSupervisorPeer;
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
    on_caller_(*process.role, std::move(pair->ours));
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
    if (role != "system") {  // it binds them
      const auto sent = SendListeners(*process, NewListenersOf(role, target_, next));
      if (!sent) co_return sent;
    }
    if (role == "proxy") {
      if (auto sent = SendTables(*process, next); !sent) co_return sent;
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

// Takes from aloha-keys what only handshakes that began before needed.
asio::awaitable<void> Deployment::RetireKeys(uint64_t change_number) {
  co_await Sleep(kOldKeys);
  if (change_number != key_changes_) co_return;  // a later one does it
  const auto change = [this](Target& target) { target.keys = keys_; };
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
  Result<> accepted = co_await Bind(Missing(next));
  if (accepted) accepted = MakeTables(next);
  if (accepted) accepted = co_await PrepareAll(next, generation);
  if (accepted && before_commit) accepted = before_commit();
  if (!accepted) {
    co_await AbortAll();
  } else {
    target_ = std::move(next);
    keys_ = std::move(keys);
    co_await CommitAll(generation);
    if (keeps_old_keys) Spawn(loop_, RetireKeys(++key_changes_));
  }
  DropUnused();
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
  Receive(*process);  // an adopted worker gives back what it held
  if (process->adopted && generation_ == 0) {
    // Nothing was decided yet: it goes on with what it runs, and the first Apply reaches it as
    // well.
    ConnectPeers(*process);
    if (on_equipped_) on_equipped_(process);
    co_return Result<>();
  }
  const auto sent_listeners = SendListeners(*process, ListenersOf(process->role->name, target_));
  if (!sent_listeners) co_return sent_listeners;
  if (process->role->name == "proxy") {
    if (auto sent = SendTables(*process, target_); !sent) co_return sent;
  }
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
