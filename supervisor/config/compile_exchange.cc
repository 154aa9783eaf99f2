// Compilation of the Exchange areas.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/compile_parts.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/exchange.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using config::v1::Config;
using config::v1::ExchangeServer;
using namespace std::chrono_literals;

void AddServer(Compilation& compilation, Area area, const AreaPort& port,
               const ExchangeServer& server, worker_v1::VirtualService* service) {
  worker_v1::Server* to = service->add_servers();
  to->set_name(server.name());
  to->set_address(CanonicalAddress(server.address()));
  to->set_port(port.server_port);
  to->set_weight(server.has_weight() ? server.weight() : 1);
  to->set_max_connections(server.max_connections());
  to->set_slow_start_ms(ParseDuration(server.slow_start()).value_or(0ms).count());
  to->set_admin_state(compilation.StateOf(service->name(), server.name(), true));
  if (port.server_tls == TlsStart::kNever) return;
  const std::string name = AreaName(area);
  to->set_tls(compilation.UseTlsServer(name, name, ServerTlsOf(compilation.config, area),
                                       area == Area::kHttp));
  if (port.server_tls == TlsStart::kStarttls) to->set_starttls(worker_v1::MAIL_PROTOCOL_SMTP);
}

google::protobuf::RepeatedPtrField<std::string> AllowFrom(const Config& config, Area area) {
  switch (area) {
    case Area::kImap:
      return config.imap().allow_from();
    case Area::kPop3:
      return config.pop3().allow_from();
    case Area::kSmtp:
      return config.smtp().allow_from();
    default:
      return {};
  }
}

worker_v1::MailProtocol MailProtocolOf(Area area) {
  if (area == Area::kImap) return worker_v1::MAIL_PROTOCOL_IMAP;
  return area == Area::kPop3 ? worker_v1::MAIL_PROTOCOL_POP3 : worker_v1::MAIL_PROTOCOL_SMTP;
}

void CompileMail(Compilation& compilation, Area area, const AreaPort& port) {
  const Config& config = compilation.config;
  worker_v1::VirtualService* service = AddAreaPort(compilation, area, port);
  *service->mutable_allow_from() = AllowFrom(config, area);
  if (area == Area::kSmtp && config.smtp().source_address_persistence()) {
    compilation.UseStickTable(service, "smtp", kLeastAffinity);
  }
  for (const ExchangeServer& server : ServersOf(config, area)) {
    const std::string id = CheckId(port.service, server.name());
    worker_v1::Check* check = compilation.AddCheck(id, server.address(), port.server_port);
    if (port.use == PortUse::kTls) check->mutable_tls();
    if (port.server_tls == TlsStart::kFirstByte) {
      check->mutable_tls()->set_server_name(ServerTlsOf(config, area).server_name());
    }
    if (area == Area::kImap) check->mutable_imap();
    if (area == Area::kPop3) check->mutable_pop3();
    if (area == Area::kSmtp) check->mutable_smtp();
    compilation.AddTarget(port.service, server.name(), {id});
  }
}

// A client's three connections must meet one server, so all three ports share a table, and a server
// that misses on one port is down on all.
void CompileRpc(Compilation& compilation) {
  const Config& config = compilation.config;
  const std::vector<AreaPort> ports = PortsOf(config, Area::kRpc);
  const auto expiry = std::max(kLeastAffinity, IdleTimeout(config, Area::kRpc));
  for (const AreaPort& port : ports) {
    compilation.UseStickTable(AddAreaPort(compilation, Area::kRpc, port), "rpc", expiry);
  }
  for (const ExchangeServer& server : config.cas_server()) {
    std::vector<std::string> ids;
    for (const AreaPort& port : ports) {
      ids.push_back(CheckId(port.service, server.name()));
      worker_v1::Check* check =
          compilation.AddCheck(ids.back(), server.address(), port.server_port);
      if (port.field == "rpc.endpoint_mapper_port") {
        check->mutable_endpoint_mapper();
      } else {
        check->mutable_tcp();
      }
    }
    for (const AreaPort& port : ports) compilation.AddTarget(port.service, server.name(), ids);
  }
}

void CompileArea(Compilation& compilation, Area area) {
  if (area == Area::kRpc) return CompileRpc(compilation);
  for (const AreaPort& port : PortsOf(compilation.config, area)) {
    if (area == Area::kHttp) {
      CompileHttpPort(compilation, port);
    } else {
      CompileMail(compilation, area, port);
    }
  }
}

}  // namespace

void AddAreaListeners(Compilation& compilation, Area area, const AreaPort& port,
                      worker_v1::VirtualService* service) {
  const Config& config = compilation.config;
  for (const std::string& address : ListenAddresses(config)) {
    if (port.use != PortUse::kTlsEnds) {
      compilation.AddListener(service, address, port.port, false);
      continue;
    }
    worker_v1::Listener listener;
    listener.set_address(CanonicalAddress(address));
    listener.set_port(port.port);
    listener.set_tls(port.client_tls == TlsStart::kFirstByte);
    if (port.client_tls == TlsStart::kStarttls) {
      listener.set_starttls(MailProtocolOf(area));
      listener.set_starttls_required(port.client_tls_required);
    }
    TlsEnd tls{.certificates = CertificatesOf(config, area), .allow_from = AllowFrom(config, area)};
    if (area == Area::kHttp) tls.profile = TlsProfileOf(config.http().tls_profile());
    compilation.AddTlsListener(service, listener, tls);
  }
}

void AddAreaServers(Compilation& compilation, Area area, const AreaPort& port,
                    worker_v1::VirtualService* service) {
  for (const ExchangeServer& server : ServersOf(compilation.config, area)) {
    AddServer(compilation, area, port, server, service);
  }
}

worker_v1::VirtualService* AddAreaPort(Compilation& compilation, Area area, const AreaPort& port) {
  worker_v1::VirtualService* service = compilation.AddService(port.service);
  AddAreaListeners(compilation, area, port, service);
  service->set_idle_timeout_ms(IdleTimeout(compilation.config, area).count());
  service->set_log_sni(port.use == PortUse::kTls);
  AddAreaServers(compilation, area, port, service);
  return service;
}

void CompileExchange(Compilation& compilation) {
  for (const Area area : kAreas) {
    CompiledArea result{.name = AreaName(area)};
    if (Runs(compilation.config, area)) {
      result.state = AreaState::kOk;
      const int before = compilation.out.proxy.services_size();
      const size_t waiting = compilation.out.waiting.size();
      CompileArea(compilation, area);
      if (compilation.out.waiting.size() > waiting) {
        result.state = AreaState::kIncomplete;
        result.reason = compilation.out.waiting.back();
      }
      for (int i = before; i < compilation.out.proxy.services_size(); ++i) {
        result.services.push_back(compilation.out.proxy.services(i).name());
      }
    } else if (IsEnabled(compilation.config, area)) {
      result.state = AreaState::kIncomplete;
      result.reason = fmt::format("no {}", ServerField(compilation.config, area));
    }
    compilation.out.areas.push_back(std::move(result));
  }
}

}  // namespace aloha::supervisor
