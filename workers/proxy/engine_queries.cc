// What the engine asks of all its threads, and what it tells.
#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "workers/net/reactor.h"
#include "workers/proxy/engine.h"

namespace aloha::proxy {
namespace {

constexpr uint32_t kDefaultLimit = 1000;

// Runs `work` on every thread, which adds to one result; `done` gets it after the last.
template <typename T>
void Gather(const std::vector<std::unique_ptr<DataThread>>& threads,
            std::function<void(DataThread&, T&)> work, std::function<void(T)> done) {
  if (threads.empty()) return done(T());
  struct State {
    std::mutex mutex;
    T result{};
    size_t missing;
  };
  auto state = std::make_shared<State>();
  state->missing = threads.size();
  for (const auto& thread : threads) {
    thread->Post([state, work, done](DataThread& there) {
      const std::lock_guard lock(state->mutex);
      work(there, state->result);
      if (--state->missing == 0) done(std::move(state->result));
    });
  }
}

// Which sessions a request means; what it leaves empty matches all.
struct Filter {
  uint64_t id = 0;
  std::string service, server;
  std::optional<net::Ip> client;

  // Of ListSessionsRequest and CloseSessionsRequest.
  template <typename Request>
  static Result<Filter> Of(const Request& request) {
    Filter filter;
    filter.service = request.service();
    filter.server = request.server();
    if (!request.client_address().empty()) {
      auto ip = net::ParseIp(request.client_address());
      if (!ip) return tl::make_unexpected(ip.error());
      filter.client = *ip;
    }
    return filter;
  }
  bool Empty() const { return id == 0 && service.empty() && server.empty() && !client; }
  bool Matches(const Session& session) const {
    if (id != 0 && session.id() != id) return false;
    if (!service.empty() && session.service().name() != service) return false;
    const std::string& its_server = session.server() == nullptr ? kNone : session.server()->name;
    if (!server.empty() && its_server != server) return false;
    return !client || session.client().ip == *client;
  }

 private:
  inline static const std::string kNone;
};

std::string FormatHash(const net::Ip& hash) {
  std::string text;
  for (const uint8_t byte : hash) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

uint64_t EndMatching(DataThread& thread, const Filter& filter) {
  uint64_t ended = 0;
  thread.ForEachSession([&](Session& session) {
    if (!filter.Matches(session)) return;
    session.End(Cause::kKilled);
    ++ended;
  });
  return ended;
}

}  // namespace

void Engine::StopListening(std::function<void()> done) {
  auto without_listeners = std::make_shared<RunningConfig>(*running_);
  without_listeners->listeners.clear();
  without_listeners->tls_listeners.clear();
  running_ = std::move(without_listeners);
  Gather<bool>(
      threads_, [](DataThread& thread, bool&) { thread.StopListening(); },
      [done = std::move(done)](bool) { done(); });
}

void Engine::CutSessions(std::function<void(uint64_t)> done) {
  Gather<uint64_t>(
      threads_, [](DataThread& thread, uint64_t& cut) { cut += EndMatching(thread, Filter()); },
      std::move(done));
}

Result<> Engine::CloseSessions(const worker::v1::CloseSessionsRequest& request,
                               std::function<void(uint64_t)> done) {
  auto filter = Filter::Of(request);
  if (!filter) return tl::make_unexpected(filter.error());
  filter->id = request.id();
  if (filter->Empty()) {
    return Fail(Code::kInvalidArgument, "name a session, service, server or client address");
  }
  Gather<uint64_t>(
      threads_,
      [filter = *filter](DataThread& thread, uint64_t& closed) {
        closed += EndMatching(thread, filter);
      },
      std::move(done));
  return {};
}

Result<> Engine::ListSessions(const worker::v1::ListSessionsRequest& request,
                              std::function<void(worker::v1::ListSessionsResponse)> done) {
  const auto filter = Filter::Of(request);
  if (!filter) return tl::make_unexpected(filter.error());
  const uint32_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  Gather<worker::v1::ListSessionsResponse>(
      threads_,
      [filter = *filter, limit](DataThread& thread, worker::v1::ListSessionsResponse& response) {
        thread.ForEachSession([&](const Session& session) {
          if (!filter.Matches(session)) return;
          response.set_total(response.total() + 1);
          if (static_cast<uint32_t>(response.sessions_size()) >= limit) return;
          session.Describe(*response.add_sessions());
        });
      },
      std::move(done));
  return {};
}

void Engine::GetStats(worker::v1::GetStatsResponse& stats) const {
  const uint64_t now = net::MonotonicMs();
  for (const auto& settings : running_->services) {
    auto& service = *stats.add_services();
    settings->service->FillStats(service, now);
    service.set_listeners(
        std::count_if(running_->listeners.begin(), running_->listeners.end(),
                      [&](const OpenListener& listener) { return listener.settings == settings; }));
  }
  stats.set_log_lines_dropped(shared_.log.dropped());
  stats.set_uptime_us((now - start_ms_) * 1000);
}

void Engine::ResetStats() {
  for (const auto& settings : running_->services) settings->service->ResetStats();
}

std::string Engine::NameOfServer(const net::StickTable& table, uint64_t name_hash) const {
  for (const auto& settings : running_->services) {
    if (settings->plan.table.get() != &table) continue;
    if (std::string name = settings->service->ServerName(name_hash); !name.empty()) return name;
  }
  return {};
}

bool Engine::HoldsHashes(const net::StickTable& table) const {
  return std::any_of(
      running_->services.begin(), running_->services.end(), [&](const auto& settings) {
        return settings->plan.table.get() == &table && settings->plan.by_authorization;
      });
}

void Engine::ListStickEntries(const worker::v1::ListStickEntriesRequest& request,
                              worker::v1::ListStickEntriesResponse& response) const {
  const uint64_t now = net::MonotonicMs();
  const size_t limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  for (const auto& [name, table] : running_->tables) {
    if (!request.table().empty() && request.table() != name) continue;
    uint64_t total = 0;
    for (const net::StickTable::Entry& entry :
         table->List(now, limit - response.entries_size(), &total)) {
      auto& one = *response.add_entries();
      one.set_table(name);
      if (HoldsHashes(*table)) {
        one.set_client_hash(FormatHash(entry.client));
      } else {
        one.set_client_address(net::FormatIp(entry.client));
      }
      one.set_server(NameOfServer(*table, entry.server));
      one.set_expires_in_ms(entry.expires_ms - now);
    }
    response.set_total(response.total() + total);
  }
}

Result<uint64_t> Engine::ClearStickEntries(const worker::v1::ClearStickEntriesRequest& request) {
  std::optional<net::Ip> client;
  if (!request.client_address().empty()) {
    auto ip = net::ParseIp(request.client_address());
    if (!ip) return tl::make_unexpected(ip.error());
    client = *ip;
  }
  uint64_t cleared = 0;
  bool found = request.table().empty();
  for (const auto& [name, table] : running_->tables) {
    if (!request.table().empty() && request.table() != name) continue;
    found = true;
    cleared += table->Clear(client, net::MonotonicMs());
  }
  if (!found) return Fail(Code::kNotFound, "no stick table is named " + request.table());
  return cleared;
}

}  // namespace aloha::proxy
