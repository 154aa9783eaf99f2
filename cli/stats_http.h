// The HTTP part of alohactl stats.
#ifndef ALOHA_CLI_STATS_HTTP_H_
#define ALOHA_CLI_STATS_HTTP_H_

#include <string>

#include "admin/v1/traffic.pb.h"
#include "cli/client.h"
#include "cli/output.h"

namespace aloha::cli {

// The time that a share of the values (0.5: half of them) does not exceed, rounded up to its range:
// "12.3ms". Without values: "-". `before`: an earlier state of the same histogram, whose values do
// not count; null, or one with values that are not there any more (a reset): all do.
std::string Quantile(const admin::Histogram& now, const admin::Histogram* before, double share);

// One row for each HTTP service and for each of its servers; empty where there is none. `before`:
// the snapshot that rates and times are counted from, or null.
Table HttpTable(const admin::StatsSnapshot& now, const admin::StatsSnapshot* before);

}  // namespace aloha::cli

#endif  // ALOHA_CLI_STATS_HTTP_H_
