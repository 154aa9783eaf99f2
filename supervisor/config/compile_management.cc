// What listens for administrators' tools, from the area "management".
#include "supervisor/config/compile_parts.h"

namespace aloha::supervisor {

void CompileManagement(Compilation& compilation) {
  const auto& metrics = compilation.config.management().metrics();
  if (!metrics.enabled()) return;
  worker::v1::MetricsListener* to = compilation.out.wui.mutable_metrics();
  to->mutable_listener()->set_address(
      CanonicalAddress(metrics.has_address() ? metrics.address() : "127.0.0.1"));
  to->mutable_listener()->set_port(metrics.has_port() ? metrics.port() : 9101);
  *to->mutable_allow_from() = metrics.allow_from();
  *compilation.out.system.add_listeners() = to->listener();
}

}  // namespace aloha::supervisor
