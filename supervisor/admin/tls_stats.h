// What aloha-tls and aloha-keys count, for the statistics.
#ifndef ALOHA_SUPERVISOR_ADMIN_TLS_STATS_H_
#define ALOHA_SUPERVISOR_ADMIN_TLS_STATS_H_

#include <asio/awaitable.hpp>

#include "admin/v1/traffic.pb.h"
#include "supervisor/admin/handler.h"
#include "worker/v1/roles.pb.h"

namespace aloha::supervisor {

// Ascending ranges of times out of numbered buckets, as roles.proto numbers them.
admin::v1::Histogram ConvertHistogram(const worker::v1::Histogram& in);

// Adds handshakes and certificates to `stats`. What does not run counts nothing.
asio::awaitable<void> AddTlsStats(AdminContext& context, admin::v1::StatsSnapshot* stats);

// Sets the counters of handshakes to zero; aloha-tls need not run.
asio::awaitable<Result<>> ResetTlsStats(AdminContext& context);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_TLS_STATS_H_
