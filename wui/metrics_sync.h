// Metrics of the other node: whether both have the same.
#ifndef ALOHA_WUI_METRICS_SYNC_H_
#define ALOHA_WUI_METRICS_SYNC_H_

#include "admin/v1/synchronization.pb.h"
#include "wui/exposition.h"

namespace aloha::wui {

// aloha_peer_sync_…; nothing on a node that is not paired.
void AddSyncMetrics(const admin::v1::SyncState& sync, Exposition& out);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_METRICS_SYNC_H_
