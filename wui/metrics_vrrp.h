// Metrics of the virtual addresses that nodes share.
#ifndef ALOHA_WUI_METRICS_VRRP_H_
#define ALOHA_WUI_METRICS_VRRP_H_

#include "admin/v1/high_availability.pb.h"
#include "wui/exposition.h"

namespace aloha::wui {

// aloha_vrrp_…, labelled by interface, cluster and router. A router that aloha-vrrp does not run
// has its transitions alone, and no state.
void AddVrrpMetrics(const admin::v1::Vrrp& vrrp, Exposition& out);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_METRICS_VRRP_H_
