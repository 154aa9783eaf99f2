#include "supervisor/admin/proxies.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "supervisor/call_worker.h"

namespace aloha::supervisor {
namespace {
namespace w = worker::v1;

void AddSessions(const w::TrafficStats& from, w::TrafficStats& to) {
  to.set_sessions(to.sessions() + from.sessions());
}

// What the configuration has no more is left out.
void AddSessions(const w::GetStatsResponse& from, w::GetStatsResponse& to) {
  std::map<std::string, const w::ServiceStats*> services;
  for (const w::ServiceStats& service : from.services()) services[service.service()] = &service;
  for (w::ServiceStats& service : *to.mutable_services()) {
    const auto found = services.find(service.service());
    if (found == services.end()) continue;
    AddSessions(found->second->traffic(), *service.mutable_traffic());
    for (w::ServerStats& server : *service.mutable_servers()) {
      for (const w::ServerStats& other : found->second->servers()) {
        if (other.server() == server.server())
          AddSessions(other.traffic(), *server.mutable_traffic());
      }
    }
  }
}

}  // namespace

asio::awaitable<Result<w::GetStatsResponse>> FetchStats(Fleet& fleet) {
  const auto running = fleet.Find("proxy");
  auto stats =
      co_await CallWorker<w::Proxy>(fleet, &w::Proxy::Stub::async::GetStats, w::GetStatsRequest());
  if (!stats) co_return stats;
  for (const auto& process : fleet.FindAll("proxy")) {
    if (process == running) continue;
    const auto more = co_await CallProcess<w::Proxy>(*process, &w::Proxy::Stub::async::GetStats,
                                                     w::GetStatsRequest());
    if (more) AddSessions(*more, *stats);  // else it has just ended
  }
  co_return stats;
}

asio::awaitable<Result<w::ListSessionsResponse>> ListSessions(Fleet& fleet,
                                                              w::ListSessionsRequest request) {
  w::ListSessionsResponse all;
  const auto proxies = fleet.FindAll("proxy");
  if (proxies.empty()) co_return tl::make_unexpected(DoesNotRun("proxy"));
  for (const auto& process : proxies) {
    auto some =
        co_await CallProcess<w::Proxy>(*process, &w::Proxy::Stub::async::ListSessions, request);
    if (!some && process == proxies.front()) co_return some;
    if (!some) continue;
    const int room = static_cast<int>(request.limit()) - all.sessions_size();
    for (int i = 0; i < std::min(room, some->sessions_size()); ++i) {
      all.add_sessions()->Swap(some->mutable_sessions(i));
    }
    all.set_total(all.total() + some->total());
  }
  co_return all;
}

asio::awaitable<Result<w::CloseSessionsResponse>> CloseSessions(Fleet& fleet,
                                                                w::CloseSessionsRequest request) {
  w::CloseSessionsResponse all;
  const auto proxies = fleet.FindAll("proxy");
  if (proxies.empty()) co_return tl::make_unexpected(DoesNotRun("proxy"));
  Result<w::CloseSessionsResponse> refused;
  for (const auto& process : proxies) {
    auto some =
        co_await CallProcess<w::Proxy>(*process, &w::Proxy::Stub::async::CloseSessions, request);
    if (!some) {
      refused = std::move(some);
    } else {
      all.set_closed(all.closed() + some->closed());
    }
  }
  if (all.closed() == 0 && !refused) co_return refused;
  co_return all;
}

}  // namespace aloha::supervisor
