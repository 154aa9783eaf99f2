#include "supervisor/admin/stats_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "supervisor/admin/proxies.h"
#include "supervisor/admin/serve_stream.h"
#include "supervisor/admin/tls_stats.h"
#include "supervisor/call_worker.h"
#include "supervisor/peers/stick_sync.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace w = worker::v1;
namespace {

using StatsStream = Stream<v1::StatsSnapshot>;

// The most sessions or entries that can be paged through: the proxy answers from the front.
constexpr uint32_t kMostListed = 100'000;

v1::Traffic Convert(const w::TrafficStats& in) {
  v1::Traffic out;
  out.set_sessions(in.sessions());
  out.set_sessions_max(in.sessions_max());
  out.set_sessions_total(in.sessions_total());
  out.set_bytes_from_clients(in.bytes_from_clients());
  out.set_bytes_to_clients(in.bytes_to_clients());
  return out;
}

v1::HttpStats Convert(const w::HttpStats& in) {
  v1::HttpStats out;
  out.set_requests_total(in.requests_total());
  *out.mutable_responses_total() = in.responses_total();
  out.set_own_responses_total(in.own_responses_total());
  out.set_bad_requests_total(in.bad_requests_total());
  out.set_bad_responses_total(in.bad_responses_total());
  out.set_rate_limited_total(in.rate_limited_total());
  if (in.has_response_time()) *out.mutable_response_time() = ConvertHistogram(in.response_time());
  return out;
}

v1::StatsSnapshot Convert(const w::GetStatsResponse& in) {
  v1::StatsSnapshot out;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  out.set_time_us(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  out.set_log_lines_dropped(in.log_lines_dropped());
  for (const w::ServiceStats& service : in.services()) {
    v1::VirtualServiceStats* stats = out.add_virtual_services();
    stats->set_name(service.service());
    *stats->mutable_traffic() = Convert(service.traffic());
    stats->set_queued(service.queued());
    stats->set_failed_total(service.failed_total());
    stats->set_denied_total(service.denied_total());
    stats->set_injected_total(service.injected_total());
    if (service.has_http()) *stats->mutable_http() = Convert(service.http());
    for (const w::ServerStats& server : service.servers()) {
      v1::ServerStats* server_stats = stats->add_servers();
      server_stats->set_name(server.server());
      *server_stats->mutable_traffic() = Convert(server.traffic());
      server_stats->set_connect_errors_total(server.connect_errors_total());
      server_stats->set_retries_total(server.retries_total());
      server_stats->set_redispatches_total(server.redispatches_total());
      server_stats->set_check_state(static_cast<v1::Server::CheckState>(server.check_state()));
      server_stats->set_admin_state(static_cast<v1::Server::AdminState>(server.admin_state()));
      server_stats->set_queued(server.queued());
      if (server.has_http()) *server_stats->mutable_http() = Convert(server.http());
    }
  }
  return out;
}

asio::awaitable<void> Follow(AdminContext& context, std::shared_ptr<StatsStream::Handle> stream,
                             std::chrono::milliseconds interval) {
  while (stream->alive()) {
    v1::StatsSnapshot snapshot = co_await TakeStats(context);
    stream->Send(std::move(snapshot));
    co_await Sleep(interval);
  }
}

}  // namespace

asio::awaitable<v1::StatsSnapshot> TakeStats(AdminContext& context) {
  const auto stats = co_await FetchStats(context.fleet);
  v1::StatsSnapshot snapshot = Convert(stats ? *stats : w::GetStatsResponse());
  co_await AddTlsStats(context, &snapshot);
  co_return snapshot;
}

grpc::ServerUnaryReactor* StatsApi::GetStats(grpc::CallbackServerContext* call,
                                             const v1::GetStatsRequest*,
                                             v1::StatsSnapshot* response) {
  return ServeCall(context_, call, CallKind::kRead, "Stats/GetStats",
                   [this, response](Caller&) -> asio::awaitable<Result<>> {
                     const auto stats = co_await FetchStats(context_.fleet);
                     if (!stats) co_return tl::make_unexpected(stats.error());
                     *response = Convert(*stats);
                     co_await AddTlsStats(context_, response);
                     co_return Result<>();
                   });
}

grpc::ServerWriteReactor<v1::StatsSnapshot>* StatsApi::WatchStats(
    grpc::CallbackServerContext* call, const v1::WatchStatsRequest* request) {
  const uint32_t interval =
      request->interval_ms() == 0 ? 1'000 : std::clamp(request->interval_ms(), 200u, 60'000u);
  return ServeStream<v1::StatsSnapshot>(
      context_, call, CallKind::kRead, "Stats/WatchStats", [this, interval](auto handle) {
        return Follow(context_, std::move(handle), std::chrono::milliseconds(interval));
      });
}

grpc::ServerUnaryReactor* StatsApi::ResetStats(grpc::CallbackServerContext* call,
                                               const v1::ResetStatsRequest*,
                                               v1::ChangeResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "Stats/ResetStats",
      [this, response](Caller& caller) -> asio::awaitable<Result<>> {
        const auto reset = co_await CallWorker<w::Proxy>(
            context_.fleet, &w::Proxy::Stub::async::ResetStats, w::ResetStatsRequest());
        if (!reset) co_return tl::make_unexpected(reset.error());
        const Result<> tls = co_await ResetTlsStats(context_);
        if (!tls) co_return tls;
        FillEvent(context_.events.Add(Event::INFO, "stats", "all", "counters set to zero",
                                      caller.actor, caller.method),
                  response);
        co_return Result<>();
      });
}

grpc::ServerUnaryReactor* SessionsApi::ListSessions(grpc::CallbackServerContext* call,
                                                    const v1::ListSessionsRequest* request,
                                                    v1::ListSessionsResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Sessions/ListSessions",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     w::ListSessionsRequest ask;
                     ask.set_service(request->virtual_service());
                     ask.set_server(request->server());
                     ask.set_client_address(request->client_address());
                     ask.set_limit(kMostListed);
                     const auto sessions = co_await supervisor::ListSessions(context_.fleet, ask);
                     if (!sessions) co_return tl::make_unexpected(sessions.error());
                     response->set_total(sessions->total());
                     co_return Page(sessions->sessions(), request->page_size(),
                                    request->page_token(), response->mutable_next_page_token(),
                                    [&](const w::Session& in) {
                                      v1::Session* out = response->add_sessions();
                                      out->set_id(in.id());
                                      out->set_virtual_service(in.service());
                                      out->set_server(in.server());
                                      out->set_client(in.client());
                                      out->set_listener(in.listener());
                                      out->set_age_ms(in.age_ms());
                                      out->set_idle_ms(in.idle_ms());
                                      out->set_bytes_from_client(in.bytes_from_client());
                                      out->set_bytes_to_client(in.bytes_to_client());
                                      out->set_state(in.state());
                                      out->set_sni(in.sni());
                                      out->set_tls_version(in.tls_version());
                                      out->set_tls_cipher(in.tls_cipher());
                                      out->set_requests(in.requests());
                                      out->set_request(in.request());
                                    });
                   });
}

grpc::ServerUnaryReactor* SessionsApi::CloseSession(grpc::CallbackServerContext* call,
                                                    const v1::CloseSessionRequest* request,
                                                    v1::CloseSessionResponse* response) {
  return ServeCall(context_, call, CallKind::kOperate, "Sessions/CloseSession",
                   [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
                     w::CloseSessionsRequest ask;
                     ask.set_id(request->id());
                     ask.set_service(request->virtual_service());
                     ask.set_server(request->server());
                     ask.set_client_address(request->client_address());
                     const auto closed = co_await CloseSessions(context_.fleet, ask);
                     if (!closed) co_return tl::make_unexpected(closed.error());
                     response->set_closed(closed->closed());
                     *response->mutable_event() = context_.events.Add(
                         Event::INFO, "session",
                         request->id() == 0 ? "matching" : std::to_string(request->id()),
                         fmt::format("{} closed", closed->closed()), caller.actor, caller.method);
                     co_return Result<>();
                   });
}

grpc::ServerUnaryReactor* PersistenceApi::ListEntries(grpc::CallbackServerContext* call,
                                                      const v1::ListEntriesRequest* request,
                                                      v1::ListEntriesResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Persistence/ListEntries",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     w::ListStickEntriesRequest ask;
                     ask.set_table(request->table());
                     ask.set_limit(kMostListed);
                     const auto entries = co_await CallWorker<w::Proxy>(
                         context_.fleet, &w::Proxy::Stub::async::ListStickEntries, ask);
                     if (!entries) co_return tl::make_unexpected(entries.error());
                     response->set_total(entries->total());
                     co_return Page(entries->entries(), request->page_size(), request->page_token(),
                                    response->mutable_next_page_token(),
                                    [&](const w::StickEntry& in) {
                                      v1::PersistenceEntry* out = response->add_entries();
                                      out->set_table(in.table());
                                      out->set_client_address(in.client_address());
                                      out->set_server(in.server());
                                      out->set_expires_in_ms(in.expires_in_ms());
                                      out->set_client_hash(in.client_hash());
                                    });
                   });
}

grpc::ServerUnaryReactor* PersistenceApi::ClearEntries(grpc::CallbackServerContext* call,
                                                       const v1::ClearEntriesRequest* request,
                                                       v1::ClearEntriesResponse* response) {
  return ServeCall(
      context_, call, CallKind::kOperate, "Persistence/ClearEntries",
      [this, request, response](Caller& caller) -> asio::awaitable<Result<>> {
        w::ClearStickEntriesRequest ask;
        ask.set_table(request->table());
        ask.set_client_address(request->client_address());
        const auto cleared = co_await CallWorker<w::Proxy>(
            context_.fleet, &w::Proxy::Stub::async::ClearStickEntries, ask);
        if (!cleared) co_return tl::make_unexpected(cleared.error());
        response->set_cleared(cleared->cleared());
        context_.stick_sync.Forget(request->table(), request->client_address());
        *response->mutable_event() = context_.events.Add(
            Event::INFO, "persistence", request->table().empty() ? "all tables" : request->table(),
            fmt::format("{} entries forgotten", cleared->cleared()), caller.actor, caller.method);
        co_return Result<>();
      });
}

}  // namespace aloha::supervisor
