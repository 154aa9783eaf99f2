// Metrics of the paired node and the link to it.
#ifndef ALOHA_WUI_METRICS_NODES_H_
#define ALOHA_WUI_METRICS_NODES_H_

#include "admin/v1/nodes.pb.h"
#include "wui/exposition.h"

namespace aloha::wui {

// aloha_peer_…; what is of the paired node is labelled by its name, and left out where there is
// none.
void AddNodeMetrics(const admin::v1::Nodes& nodes, Exposition& out);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_METRICS_NODES_H_
