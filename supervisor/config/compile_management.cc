// What listens for administrators' browsers, for Prometheus and for the paired node.
#include <fmt/format.h>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"
#include "supervisor/config/link_listener.h"
#include "supervisor/config/references.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;

constexpr uint32_t kWebPort = 4444, kMetricsPort = 9101;

template <typename Source>
worker_v1::Listener ListenerOf(const Source& source, const char* address, uint32_t port) {
  worker_v1::Listener listener;
  listener.set_address(CanonicalAddress(source.has_address() ? source.address() : address));
  listener.set_port(source.has_port() ? source.port() : port);
  return listener;
}

void CompileWeb(Compilation& compilation) {
  const auto& web = compilation.config.management().web();
  if (!web.enabled()) return;
  const worker_v1::Listener listener = ListenerOf(web, "0.0.0.0", kWebPort);
  const std::string name = WebCertificateOf(compilation.config).name;
  const auto certificate = compilation.FindCertificate(name);
  if (!certificate) {
    compilation.out.waiting.push_back(
        fmt::format("management.web on {} waits for its certificate, \"{}\"",
                    FormatEndpoint(listener.address(), listener.port()), name));
    return;
  }
  worker_v1::WebListener* to = compilation.out.wui.mutable_web();
  *to->mutable_listener() = listener;
  *to->mutable_allow_from() = web.allow_from();
  *to->mutable_certificate() = *certificate;
  compilation.out.keys.set_web_key(certificate->key());
  *compilation.out.system.add_listeners() = listener;
}

void CompileMetrics(Compilation& compilation) {
  const auto& metrics = compilation.config.management().metrics();
  if (!metrics.enabled()) return;
  worker_v1::MetricsListener* to = compilation.out.wui.mutable_metrics();
  *to->mutable_listener() = ListenerOf(metrics, "127.0.0.1", kMetricsPort);
  *to->mutable_allow_from() = metrics.allow_from();
  *compilation.out.system.add_listeners() = to->listener();
}

}  // namespace

void CompileManagement(Compilation& compilation) {
  CompileWeb(compilation);
  CompileMetrics(compilation);
}

void CompileLink(Compilation& compilation) {
  const auto link = LinkListenerOf(compilation.config);
  if (!link) return;
  worker_v1::Listener* listener = compilation.out.system.add_listeners();
  listener->set_address(CanonicalAddress(link->address));
  listener->set_port(link->port);
  compilation.out.gateway.mutable_listener()->set_address(listener->address());
  compilation.out.gateway.mutable_listener()->set_port(listener->port());
}

}  // namespace aloha::supervisor
