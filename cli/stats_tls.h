// The TLS part of alohactl stats.
#ifndef ALOHA_CLI_STATS_TLS_H_
#define ALOHA_CLI_STATS_TLS_H_

#include "admin/v1/traffic.pb.h"
#include "cli/client.h"
#include "cli/output.h"

namespace aloha::cli {

// A row for each version and suite that was agreed on a listener or with servers, and one for each
// reason of failures; empty where TLS neither ends nor begins. `before`: the snapshot that rates
// and times are counted from, or null.
Table TlsTable(const admin::StatsSnapshot& now, const admin::StatsSnapshot* before);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_STATS_TLS_H_
