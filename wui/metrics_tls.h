// Metrics of TLS and certificates.
#ifndef ALOHA_WUI_METRICS_TLS_H_
#define ALOHA_WUI_METRICS_TLS_H_

#include "admin/v1/traffic.pb.h"
#include "wui/exposition.h"

namespace aloha::wui {

// aloha_tls_…, labelled by listener; aloha_tls_server_…, by the settings towards servers;
// aloha_certificate_… and aloha_key_…, by certificate.
void AddTlsMetrics(const admin::v1::StatsSnapshot& stats, Exposition& out);

}  // namespace aloha::wui

#endif  // ALOHA_WUI_METRICS_TLS_H_
