// The counters of a service as the proto tells them.
#include "workers/proxy/service.h"

namespace aloha::proxy {
namespace {

void FillTraffic(worker::v1::TrafficStats& stats, uint64_t sessions, uint64_t sessions_max,
                 uint64_t sessions_total, const std::vector<ByteCounters>& bytes,
                 const ByteTotals& at_reset) {
  const ByteTotals totals = ByteTotals::Of(bytes);
  stats.set_sessions(sessions);
  stats.set_sessions_max(sessions_max);
  stats.set_sessions_total(sessions_total);
  stats.set_bytes_from_clients(totals.from_clients - at_reset.from_clients);
  stats.set_bytes_to_clients(totals.to_clients - at_reset.to_clients);
}

}  // namespace

void Service::FillStats(worker::v1::ServiceStats& stats, uint64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  stats.set_service(name_);
  FillTraffic(*stats.mutable_traffic(), sessions_, sessions_max_, sessions_total_, bytes_,
              bytes_at_reset_);
  stats.set_queued(waiting_);
  stats.set_failed_total(failed_);
  stats.set_denied_total(denied_);
  stats.set_injected_total(injected_);
  if (is_http_) {
    HttpTotals::Of(http_).Fill(http_at_reset_, *stats.mutable_http());
    for (const net::Histogram& thread : response_times_) {
      thread.Fill(*stats.mutable_http()->mutable_response_time());
    }
  }
  for (const auto& server : servers_) {
    auto& one = *stats.add_servers();
    one.set_server(server->name);
    FillTraffic(*one.mutable_traffic(), server->active, server->active_max, server->sessions_total,
                server->bytes, server->bytes_at_reset);
    one.set_connect_errors_total(server->connect_errors);
    one.set_retries_total(server->retries);
    one.set_redispatches_total(server->redispatches);
    one.set_check_state(server->check_state);
    one.set_admin_state(server->settings.admin_state);
    one.set_effective_weight(server->Ramp(now_ms));
    one.set_queued(server->queue.size());
    if (is_http_) HttpTotals::Of(server->http).Fill(server->http_at_reset, *one.mutable_http());
  }
}

void Service::ResetStats() {
  const std::lock_guard lock(mutex_);
  sessions_max_ = sessions_;
  sessions_total_ = failed_ = denied_ = injected_ = 0;
  bytes_at_reset_ = ByteTotals::Of(bytes_);
  http_at_reset_ = HttpTotals::Of(http_);
  for (net::Histogram& thread : response_times_) thread.Reset();
  for (const auto& server : servers_) {
    server->active_max = server->active;
    server->sessions_total = server->connect_errors = server->retries = server->redispatches = 0;
    server->bytes_at_reset = ByteTotals::Of(server->bytes);
    server->http_at_reset = HttpTotals::Of(server->http);
  }
}

}  // namespace aloha::proxy
