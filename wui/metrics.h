// Counters and states in Prometheus' text format.
#ifndef ALOHA_WUI_METRICS_H_
#define ALOHA_WUI_METRICS_H_

#include <string>

#include "admin/v1/admin.pb.h"
#include "admin/v1/high_availability.pb.h"
#include "admin/v1/nodes.pb.h"
#include "admin/v1/synchronization.pb.h"
#include "admin/v1/traffic.pb.h"

namespace aloha::wui {

// What the supervisor tells. Null: it could not.
struct MetricsInput {
  const admin::v1::SystemInfo* info = nullptr;
  const admin::v1::ListWorkersResponse* workers = nullptr;
  const admin::v1::StatsSnapshot* stats = nullptr;
  const admin::v1::SyncState* sync = nullptr;
  const admin::v1::Vrrp* vrrp = nullptr;
  const admin::v1::Nodes* nodes = nullptr;
};

// The exposition, text format 0.0.4: metrics without a sample are left out. Names begin with
// "aloha_"; times are seconds, sizes bytes.
std::string RenderMetrics(const MetricsInput& input);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_METRICS_H_
