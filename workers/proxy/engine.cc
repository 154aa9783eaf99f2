#include "workers/proxy/engine.h"

#include <algorithm>
#include <utility>

#include "workers/net/reactor.h"

namespace aloha::proxy {
namespace {

// The health worker is not trusted with more memory than this.
constexpr size_t kMaxCheckStates = 65'536;

}  // namespace

Engine::Engine(Log& log, uint32_t max_sessions, bool kernel_tls)
    : shared_{log, max_sessions, kernel_tls},
      start_ms_(net::MonotonicMs()),
      running_(std::make_shared<RunningConfig>()) {}

Engine::~Engine() = default;

Result<> Engine::StartThreads(uint32_t count) {
  std::vector<std::unique_ptr<DataThread>> threads;
  for (uint32_t i = 0; i < count; ++i) {
    auto thread = DataThread::Start(i, shared_);
    if (!thread) return tl::make_unexpected(thread.error());
    threads.push_back(std::move(*thread));
  }
  threads_ = std::move(threads);
  for (const auto& thread : threads_) shared_.threads.push_back(thread.get());
  if (tls_link_) ShareTlsLink();
  return {};
}

Result<> Engine::Prepare(const worker::v1::ProxySnapshot& snapshot, const Offers& offers) {
  std::vector<std::shared_ptr<const RunningConfig>> known = {running_};
  if (prepared_) known.push_back(prepared_);
  const auto threads =
      threads_.empty() ? snapshot.threads() : static_cast<uint32_t>(threads_.size());
  auto built = BuildConfig(snapshot, known, threads, offers);
  if (!built) return tl::make_unexpected(built.error());
  if (threads_.empty()) {
    if (auto started = StartThreads(threads); !started) return started;
  }
  prepared_ = std::move(*built);
  return {};
}

void Engine::Commit() {
  running_ = std::exchange(prepared_, nullptr);
  const uint64_t now = net::MonotonicMs();
  Service::Servers maintenance, down;
  for (const auto& settings : running_->services) {
    Service& service = *settings->service;
    for (auto& server : service.Apply(settings->plan, now)) maintenance.push_back(server);
    for (const auto& [server, wanted] : settings->plan.servers) {
      if (wanted.unchecked) {
        check_states_.erase({service.name(), server->name});
        service.SetCheckState(server->name, worker::v1::CHECK_STATE_UNKNOWN, now, down);
      }
      const auto state = check_states_.find({service.name(), server->name});
      if (state == check_states_.end()) continue;
      service.SetCheckState(server->name, state->second, now, down);
    }
  }
  for (const auto& thread : threads_) {
    thread->Post([config = running_](DataThread& there) { there.Use(*config); });
  }
  CloseSessionsOf(std::move(maintenance), Cause::kKilled);
  CloseSessionsOf(std::move(down), Cause::kServerDown);
}

void Engine::SetTlsLink(UniqueFd socket) {
  tls_link_ = std::make_shared<const TlsLink>(std::move(socket));
  ShareTlsLink();
}

void Engine::ShareTlsLink() {
  for (const auto& thread : threads_) {
    thread->Post([link = tls_link_](DataThread& there) { there.UseTlsLink(link); });
  }
}

void Engine::CloseSessionsOf(Service::Servers servers, Cause cause) {
  if (servers.empty()) return;
  for (const auto& thread : threads_) {
    thread->Post([servers, cause](DataThread& there) {
      there.ForEachSession([&](Session& session) {
        const bool gone = std::any_of(servers.begin(), servers.end(), [&](const auto& server) {
          return server.get() == session.server();
        });
        if (gone) session.LeaveServer(cause);
      });
    });
  }
}

void Engine::SetCheckStates(const worker::v1::TargetStates& states) {
  const uint64_t now = net::MonotonicMs();
  Service::Servers down;
  for (const auto& target : states.targets()) {
    const auto key = std::make_pair(target.service(), target.server());
    if (check_states_.size() >= kMaxCheckStates && !check_states_.contains(key)) continue;
    auto& known = check_states_[key];
    if (known >= worker::v1::CHECK_STATE_UP && target.state() <= worker::v1::CHECK_STATE_UNKNOWN)
      continue;
    known = target.state();
    for (const auto& settings : running_->services) {
      Service& service = *settings->service;
      if (service.name() != target.service()) continue;
      if (!service.SetCheckState(target.server(), target.state(), now, down)) continue;
      shared_.log.Info("server " + service.name() + "/" + target.server() + " is " +
                       worker::v1::CheckState_Name(target.state()).substr(12));
    }
  }
  CloseSessionsOf(std::move(down), Cause::kServerDown);
}

std::vector<NamedDescriptor> Engine::Keepsakes() const {
  std::vector<NamedDescriptor> named;
  for (const OpenListener& listener : running_->listeners) {
    const net::Address& address = listener.socket->address;
    named.emplace_back(NameListener(net::FormatIp(address.ip), address.port),
                       listener.socket->fd.get());
  }
  for (const auto& [name, table] : running_->tables) {
    named.emplace_back(NameStickTable(name, table->max_entries()), table->descriptor());
  }
  return named;
}

}  // namespace aloha::proxy
