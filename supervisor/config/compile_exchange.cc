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
using config::v1::HttpDirectory;
using namespace std::chrono_literals;

// Clients that come back within this time find their server (Exchange Web Services ask for 45
// minutes).
constexpr std::chrono::milliseconds kLeastAffinity = 1h;

void AddServer(Compilation& compilation, const ExchangeServer& server, uint32_t port,
               worker_v1::VirtualService* service) {
  worker_v1::Server* to = service->add_servers();
  to->set_name(server.name());
  to->set_address(CanonicalAddress(server.address()));
  to->set_port(port);
  to->set_weight(server.has_weight() ? server.weight() : 1);
  to->set_max_connections(server.max_connections());
  to->set_slow_start_ms(ParseDuration(server.slow_start()).value_or(0ms).count());
  to->set_admin_state(compilation.StateOf(service->name(), server.name(), true));
}

// The virtual service of one port, with its listeners and servers; checks and persistence come
// after.
worker_v1::VirtualService* AddPort(Compilation& compilation, Area area, const AreaPort& port) {
  worker_v1::VirtualService* service = compilation.AddService(port.service);
  for (const std::string& address : ListenAddresses(compilation.config)) {
    compilation.AddListener(service, address, port.port, false);
  }
  service->set_idle_timeout_ms(IdleTimeout(compilation.config, area).count());
  service->set_log_sni(port.use == PortUse::kTls);
  for (const ExchangeServer& server : ServersOf(compilation.config, area)) {
    AddServer(compilation, server, port.server_port, service);
  }
  return service;
}

const google::protobuf::RepeatedPtrField<std::string>& AllowFrom(const Config& config, Area area) {
  if (area == Area::kImap) return config.imap().allow_from();
  return area == Area::kPop3 ? config.pop3().allow_from() : config.smtp().allow_from();
}

void CompileMail(Compilation& compilation, Area area, const AreaPort& port) {
  const Config& config = compilation.config;
  worker_v1::VirtualService* service = AddPort(compilation, area, port);
  *service->mutable_allow_from() = AllowFrom(config, area);
  if (area == Area::kSmtp && config.smtp().source_address_persistence()) {
    compilation.UseStickTable(service, "smtp", kLeastAffinity);
  }
  for (const ExchangeServer& server : ServersOf(config, area)) {
    const std::string id = CheckId(port.service, server.name());
    worker_v1::Check* check = compilation.AddCheck(id, server.address(), port.server_port);
    if (port.use == PortUse::kTls) check->mutable_tls();
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
    compilation.UseStickTable(AddPort(compilation, Area::kRpc, port), "rpc", expiry);
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

worker_v1::Check* AddDirectoryCheck(Compilation& compilation, const AreaPort& port,
                                    const ExchangeServer& server, const Directory& directory,
                                    const std::string& id) {
  const bool newer = IsExchange2013OrLater(compilation.config);
  const std::string& host = compilation.config.http().host_name();
  worker_v1::Check* check = compilation.AddCheck(id, server.address(), port.server_port);
  check->mutable_tls()->set_server_name(host);
  worker_v1::HttpCheck* http = check->mutable_http();
  http->set_method("GET");
  http->set_path(newer ? directory.check_path_2013 : directory.check_path_2010);
  http->set_host(host);
  http->add_expect_status(newer ? directory.check_status_2013 : directory.check_status_2010);
  return check;
}

// SSL_FORWARD: one directory's check decides; those of the others are made, less often, to be
// shown.
void CompileHttpForward(Compilation& compilation, const AreaPort& port) {
  const Config& config = compilation.config;
  worker_v1::VirtualService* service = AddPort(compilation, Area::kHttp, port);
  compilation.UseStickTable(service, "https",
                            std::max(kLeastAffinity, IdleTimeout(config, Area::kHttp)));
  for (const ExchangeServer& server : config.cas_server()) {
    const std::string deciding = CheckId(port.service, server.name());
    for (const Directory& directory : Directories()) {
      const bool decides = directory.name == ForwardCheck(config.http());
      const bool exists = IsExchange2013OrLater(config) || directory.check_path_2010 != nullptr;
      if (!exists || !IsSwitchedOn(config, directory)) continue;
      worker_v1::Check* check =
          AddDirectoryCheck(compilation, port, server, directory,
                            decides ? deciding : fmt::format("{}#{}", deciding, directory.field));
      if (!decides) check->set_interval_ms(10'000);
    }
    compilation.AddTarget(port.service, server.name(), {deciding});
  }
}

void CompileArea(Compilation& compilation, Area area) {
  if (area == Area::kRpc) return CompileRpc(compilation);
  for (const AreaPort& port : PortsOf(compilation.config, area)) {
    // What ends TLS or answers redirects was refused or warned about: this version makes no service
    // of it.
    if (port.use == PortUse::kTlsEnds || port.use == PortUse::kRedirect) continue;
    if (area == Area::kHttp) {
      CompileHttpForward(compilation, port);
    } else {
      CompileMail(compilation, area, port);
    }
  }
}

}  // namespace

void CompileExchange(Compilation& compilation) {
  for (const Area area : kAreas) {
    CompiledArea result{.name = AreaName(area)};
    if (Runs(compilation.config, area)) {
      result.state = AreaState::kOk;
      const int before = compilation.out.proxy.services_size();
      CompileArea(compilation, area);
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
