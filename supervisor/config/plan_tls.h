// What changes in TLS, towards clients and servers. Pure.
#ifndef ALOHA_SUPERVISOR_CONFIG_PLAN_TLS_H_
#define ALOHA_SUPERVISOR_CONFIG_PLAN_TLS_H_

#include <string>
#include <vector>

#include "supervisor/config/compile.h"

namespace aloha::supervisor {

struct TlsChange {
  std::string service;  // virtual service; empty: several
  std::string text;     // one sentence, without the final stop
};

// Certificates and profiles of listeners that stay, certificates with new contents, and settings
// towards servers.
std::vector<TlsChange> TlsChanges(const Compiled& running, const Compiled& next);

// "off", "from the first byte", "after STARTTLS", "after STARTTLS, which is required".
std::string TlsStartText(const worker::v1::Listener& listener);
// "off", "with the settings http", "after STARTTLS, with the settings smtp".
std::string ServerTlsText(const worker::v1::Server& server);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIG_PLAN_TLS_H_
