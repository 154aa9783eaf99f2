#include "workers/tls/engine.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace aloha::tls {
namespace {

// Descriptors for listeners, channels, the log and epoll.
constexpr rlim_t kReservedDescriptors = 100;

// One descriptor each.
uint32_t AffordableHandshakes(uint32_t wanted) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  const rlim_t limit = std::max<rlim_t>(files.rlim_cur, 2 * kReservedDescriptors);
  return static_cast<uint32_t>(std::min<rlim_t>(wanted, limit - kReservedDescriptors));
}

}  // namespace

Engine::Engine(Log& log) : shared_{log}, running_(std::make_shared<RunningConfig>()) {}

Engine::~Engine() { EndThreads(); }

// They post to each other: all are joined before the first is freed.
void Engine::EndThreads() {
  for (const auto& thread : shared_.threads) thread->Stop();
  for (const auto& thread : shared_.threads) thread->Join();
  shared_.threads.clear();
}

Result<> Engine::StartThreads(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto thread = HandshakeThread::Start(i, shared_);
    if (!thread) {
      EndThreads();
      return tl::make_unexpected(thread.error());
    }
    shared_.threads.push_back(std::move(*thread));
  }
  for (const auto& thread : shared_.threads) {
    thread->Post([proxy = proxy_, keys = keys_](HandshakeThread& there) {
      there.proxy().Use(proxy);
      there.keys().Use(keys);
    });
  }
  return {};
}

Result<> Engine::Prepare(const worker::v1::TlsSnapshot& snapshot,
                         const TakeListener& take_listener) {
  std::vector<std::shared_ptr<const RunningConfig>> known = {running_};
  if (prepared_) known.push_back(prepared_);
  const auto threads =
      shared_.threads.empty() ? snapshot.threads() : static_cast<uint32_t>(shared_.threads.size());
  auto built = BuildConfig(snapshot, known, threads, take_listener);
  if (!built) return tl::make_unexpected(built.error());
  if (shared_.threads.empty()) {
    if (auto started = StartThreads(threads); !started) return started;
  }
  prepared_ = std::move(*built);
  return {};
}

void Engine::Commit() {
  running_ = std::exchange(prepared_, nullptr);
  shared_.bounds.Set(AffordableHandshakes(running_->max_handshakes),
                     running_->max_handshakes_per_client);
  for (const auto& thread : shared_.threads) {
    thread->Post([config = running_](HandshakeThread& there) { there.Use(config); });
  }
}

void Engine::SetProxy(UniqueFd socket) {
  proxy_ = std::make_shared<Peer>(++last_peer_id_, std::move(socket));
  for (const auto& thread : shared_.threads) {
    thread->Post([proxy = proxy_](HandshakeThread& there) { there.proxy().Use(proxy); });
  }
}

void Engine::SetKeys(UniqueFd socket) {
  keys_ = std::make_shared<Peer>(++last_peer_id_, std::move(socket));
  for (const auto& thread : shared_.threads) {
    thread->Post([keys = keys_](HandshakeThread& there) { there.keys().Use(keys); });
  }
}

void Engine::OnEveryThread(std::function<void(HandshakeThread&)> task, std::function<void()> done) {
  if (shared_.threads.empty()) return done();
  auto left = std::make_shared<std::atomic<size_t>>(shared_.threads.size());
  for (const auto& thread : shared_.threads) {
    thread->Post([task, done, left](HandshakeThread& there) {
      task(there);
      if (left->fetch_sub(1) == 1) done();
    });
  }
}

void Engine::StopListening(std::function<void()> done) {
  // The sockets go with it, also as keepsakes.
  auto closed = std::make_shared<RunningConfig>(*running_);
  closed->listeners.clear();
  running_ = closed;
  OnEveryThread([](HandshakeThread& thread) { thread.StopListening(); }, std::move(done));
}

void Engine::CutHandshakes(std::function<void(uint32_t)> done) {
  auto sum = std::make_shared<std::atomic<uint32_t>>(0);
  OnEveryThread([sum](HandshakeThread& thread) { sum->fetch_add(thread.Cut()); },
                [sum, done = std::move(done)] { done(sum->load()); });
}

std::vector<NamedDescriptor> Engine::Keepsakes() const {
  std::vector<NamedDescriptor> named;
  for (const auto& listener : running_->listeners) {
    if (!listener->socket) continue;
    named.emplace_back(NameListener(net::FormatIp(listener->address.ip), listener->address.port),
                       listener->socket->fd.get());
  }
  return named;
}

void Engine::GetStats(worker::v1::GetTlsStatsResponse& stats) const {
  for (const auto& listener : running_->listeners) {
    auto& entry = *stats.add_listeners();
    entry.set_listener(listener->address.Text());
    listener->stats->Fill(*entry.mutable_handshakes());
  }
  for (const auto& server : running_->servers) {
    auto& entry = *stats.add_servers();
    entry.set_name(server->name);
    server->stats->Fill(*entry.mutable_handshakes());
  }
  stats.set_in_progress(handshakes());
  stats.set_waiting_for_proxy(shared_.waiting_for_proxy.load(std::memory_order_relaxed));
}

void Engine::ResetStats() {
  for (const auto& listener : running_->listeners) listener->stats->Reset();
  for (const auto& server : running_->servers) server->stats->Reset();
}

}  // namespace aloha::tls
