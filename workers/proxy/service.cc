#include "workers/proxy/service.h"

#include <algorithm>
#include <utility>

namespace aloha::proxy {
namespace {

using Kind = Service::Choice::Kind;
using ServerPointer = std::shared_ptr<Server>;

bool Contains(std::span<const ServerPointer> servers, const Server& server) {
  return std::any_of(servers.begin(), servers.end(),
                     [&](const ServerPointer& other) { return other.get() == &server; });
}

}  // namespace

Service::Service(std::string name, uint32_t threads)
    : name_(std::move(name)), bytes_(threads), http_(threads), response_times_(threads) {}

ServerPointer Service::Find(const std::string& name, const net::Address& address) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(servers_.begin(), servers_.end(), [&](const auto& server) {
    return server->name == name && server->address == address;
  });
  return found == servers_.end() ? nullptr : *found;
}

Service::Servers Service::Apply(const ServicePlan& plan, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Servers before = std::exchange(servers_, {});
  Servers close;
  for (const auto& [server, settings] : plan.servers) {
    const bool was_off = server->settings.admin_state == worker::v1::ADMIN_STATE_MAINTENANCE;
    const bool is_off = settings.admin_state == worker::v1::ADMIN_STATE_MAINTENANCE;
    if (was_off && !is_off) server->slow_start_begin_ms = now_ms;
    if (is_off && !was_off) close.push_back(server);
    server->settings = settings;
    servers_.push_back(server);
  }
  balance_ = plan.balance;
  table_ = plan.table;
  is_http_ = plan.http;
  by_authorization_ = plan.by_authorization;
  stick_expiry_ms_ = plan.stick_expiry_ms;
  for (const ServerPointer& server : before) {
    if (!Contains(servers_, *server) || !server->UsableWhenBound()) Unbind(*server);
  }
  ServeQueues(now_ms);
  return close;
}

bool Service::SetCheckState(const std::string& name, worker::v1::CheckState state, uint64_t now_ms,
                            Servers& close) {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (const ServerPointer& server : servers_) {
    if (server->name != name || server->check_state == state) continue;
    changed = true;
    const bool was_down = server->check_state == worker::v1::CHECK_STATE_DOWN;
    server->check_state = state;
    if (was_down) server->slow_start_begin_ms = now_ms;
    if (state == worker::v1::CHECK_STATE_DOWN) {
      Unbind(*server);
      close.push_back(server);
    }
  }
  if (changed) ServeQueues(now_ms);
  return changed;
}

void Service::Enter() {
  const std::lock_guard lock(mutex_);
  ++sessions_total_;
  sessions_max_ = std::max(sessions_max_, ++sessions_);
}

Service::Choice Service::Choose(const Claim& claim, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  return ChooseLocked(claim, now_ms);
}

std::vector<Candidate> Service::Candidates(std::span<const ServerPointer> tried,
                                           uint64_t now_ms) const {
  std::vector<Candidate> candidates;
  candidates.reserve(servers_.size());
  for (const ServerPointer& server : servers_) {
    if (!server->Usable() || Contains(tried, *server)) continue;
    candidates.push_back({server, server->settings.weight * server->Ramp(now_ms)});
  }
  return candidates;
}

std::optional<net::Ip> Service::StickKey(const Claim& claim) const {
  if (table_ == nullptr) return std::nullopt;
  return by_authorization_ ? claim.authorization : std::optional<net::Ip>(claim.client);
}

const ServerPointer* Service::FindBound(const Claim& claim, uint64_t now_ms) {
  if (!claim.cookie.empty()) {
    for (const ServerPointer& server : servers_) {
      if (server->settings.cookie == claim.cookie && server->UsableWhenBound()) return &server;
    }
  }
  const auto key = StickKey(claim);
  if (!key) return nullptr;
  const auto hash = table_->Find(*key, now_ms);
  if (!hash) return nullptr;
  for (const ServerPointer& server : servers_) {
    if (*hash != server->name_hash || !server->UsableWhenBound()) continue;
    table_->Refresh(*key, *hash, now_ms, now_ms + stick_expiry_ms_);
    return &server;
  }
  return nullptr;
}

Service::Choice Service::ChooseLocked(const Claim& claim, uint64_t now_ms) {
  if (claim.tried.empty()) {
    if (const ServerPointer* bound = FindBound(claim, now_ms)) return Take(*bound, claim);
  }
  Choice choice = Balance(claim, now_ms);
  if (choice.server != nullptr && claim.tried.empty()) {
    if (const auto key = StickKey(claim)) {
      table_->Store(*key, choice.server->name_hash, now_ms, now_ms + stick_expiry_ms_);
    }
  }
  return choice;
}

Service::Choice Service::Balance(const Claim& claim, uint64_t now_ms) {
  if (claim.connected != nullptr) {
    for (const ServerPointer& server : servers_) {
      const bool same = server->address == claim.connected->address;
      const bool room = server.get() == claim.connected || server->HasRoom();
      if (same && room && server->Usable()) return Take(server, claim);
    }
  }
  auto candidates = Candidates(claim.tried, now_ms);
  if (candidates.empty()) candidates = Candidates({}, now_ms);
  if (candidates.empty()) return {Kind::kNone};
  size_t index = 0;
  if (balance_ == worker::v1::BALANCE_SOURCE_HASH) {
    index = ChooseByHash(candidates, net::HashIp(claim.client));
  } else {
    std::erase_if(candidates, [](const auto& candidate) { return !candidate.server->HasRoom(); });
    if (candidates.empty()) return {Kind::kBusy};
    index = balance_ == worker::v1::BALANCE_LEAST_CONNECTIONS ? ChooseLeastConnections(candidates)
                                                              : ChooseRoundRobin(candidates);
  }
  return Take(candidates[index].server, claim);
}

Service::Choice Service::Take(const ServerPointer& server, const Claim& claim) {
  Choice choice;
  choice.server = server;
  choice.kept = server.get() == claim.connected;
  choice.kind = choice.kept || server->HasRoom() ? Kind::kServer : Kind::kBusy;
  choice.approach = server->settings.approach;
  if (choice.kind == Kind::kBusy || choice.kept) return choice;
  ++server->sessions_total;
  server->active_max = std::max(server->active_max, ++server->active);
  return choice;
}

Service::Choice Service::Wait(const std::shared_ptr<Waiter>& waiter, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Choice choice = ChooseLocked(waiter->claim, now_ms);
  if (choice.kind != Kind::kBusy) return choice;
  choice.server_queue = choice.server == nullptr ? 0 : choice.server->queue.size();
  choice.service_queue = waiting_;
  waiter->sequence = ++last_sequence_;
  waiter->waiting = true;
  ++waiting_;
  Enqueue(waiter, choice.server.get());
  return choice;
}

void Service::Enqueue(const std::shared_ptr<Waiter>& waiter, Server* bound) {
  (bound == nullptr ? queue_ : bound->queue).push_back(waiter);
}

void Service::StopWaiting(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  if (!waiter->waiting) return;
  waiter->waiting = false;
  --waiting_;
  const auto remove = [&](WaiterQueue& queue) {
    const auto found = std::find(queue.begin(), queue.end(), waiter);
    if (found == queue.end()) return false;
    queue.erase(found);
    return true;
  };
  if (remove(queue_)) return;
  for (const ServerPointer& server : servers_) {
    if (remove(server->queue)) return;
  }
}

void Service::Unbind(Server& server) { queue_.splice(queue_.end(), server.queue); }

// The queue whose first waiter came first, among those that have a free slot to offer.
WaiterQueue* Service::QueueToServe() {
  WaiterQueue* chosen = nullptr;
  const auto consider = [&](WaiterQueue& queue) {
    if (queue.empty()) return;
    if (chosen == nullptr || queue.front()->sequence < chosen->front()->sequence) chosen = &queue;
  };
  bool room = false;
  for (const ServerPointer& server : servers_) {
    if (!server->HasRoom()) continue;
    room = room || server->Usable();
    if (server->UsableWhenBound()) consider(server->queue);
  }
  if (room) consider(queue_);
  return chosen;
}

void Service::ServeQueues(uint64_t now_ms) {
  while (waiting_ > 0) {
    WaiterQueue* const queue = QueueToServe();
    if (queue == nullptr) return;
    const std::shared_ptr<Waiter> waiter = queue->front();
    const Choice choice = ChooseLocked(waiter->claim, now_ms);
    if (choice.kind == Kind::kServer) {
      queue->pop_front();
      --waiting_;
      waiter->waiting = false;
      waiter->grant(choice.server, choice.approach);
    } else if (choice.server != nullptr && &choice.server->queue != queue) {
      queue->pop_front();
      Enqueue(waiter, choice.server.get());
    } else {
      return;
    }
  }
}

void Service::Abandon(Server& server, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  --server.active;
  ServeQueues(now_ms);
}

Service::Load Service::CurrentLoad(const Server* server) const {
  const std::lock_guard lock(mutex_);
  return {sessions_, sessions_, server == nullptr ? 0 : server->active};
}

Service::Load Service::Leave(Server* server, bool failed, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const Load load{sessions_, sessions_, server == nullptr ? 0 : server->active};
  --sessions_;
  if (failed) ++failed_;
  if (server != nullptr) {
    --server->active;
    ServeQueues(now_ms);
  }
  return load;
}

void Service::RefreshStickEntry(const net::Ip& client, const Server& server, uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (table_ == nullptr || by_authorization_) return;
  table_->Refresh(client, server.name_hash, now_ms, now_ms + stick_expiry_ms_);
}

void Service::CountConnectError(Server& server) {
  const std::lock_guard lock(mutex_);
  ++server.connect_errors;
}

void Service::CountRetry(Server& server) {
  const std::lock_guard lock(mutex_);
  ++server.retries;
}

void Service::CountRedispatch(Server& server) {
  const std::lock_guard lock(mutex_);
  ++server.redispatches;
}

void Service::CountDenied() {
  const std::lock_guard lock(mutex_);
  ++denied_;
}

void Service::CountInjected() {
  const std::lock_guard lock(mutex_);
  ++injected_;
}

void Service::CountFailed() {
  const std::lock_guard lock(mutex_);
  ++failed_;
}

std::string Service::ServerName(uint64_t name_hash) const {
  const std::lock_guard lock(mutex_);
  for (const ServerPointer& server : servers_) {
    if (server->name_hash == name_hash) return server->name;
  }
  return {};
}

}  // namespace aloha::proxy
