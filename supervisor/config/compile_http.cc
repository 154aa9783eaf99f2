// Compilation of the HTTP area: TLS passed through to one service, or requests routed to a service
// of each directory.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/compile_parts.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/http_names.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using config::v1::Config;
using config::v1::ExchangeServer;
using config::v1::Http;
using config::v1::HttpDirectory;
using namespace std::chrono_literals;

// One affinity for both, because pages of the control panel stand in those of Outlook Web App.
constexpr char kOwaCookie[] = "ALOHA-OWA";
constexpr char kEwsCookie[] = "ALOHA-EWS";
constexpr char kOneYear[] = "max-age=31536000";

bool HasCheck(const Config& config, const Directory& directory) {
  return IsExchange2013OrLater(config) || directory.check_path_2010 != nullptr;
}

// The directory of this name, which must be one.
const Directory& DirectoryNamed(HttpDirectory::Name name) {
  return *std::find_if(Directories().begin(), Directories().end(),
                       [&](const Directory& directory) { return directory.name == name; });
}

worker_v1::Check* AddDirectoryCheck(Compilation& compilation, const AreaPort& port,
                                    const ExchangeServer& server, const Directory& directory,
                                    const std::string& id) {
  const bool newer = IsExchange2013OrLater(compilation.config);
  const Http& area = compilation.config.http();
  worker_v1::Check* check = compilation.AddCheck(id, server.address(), port.server_port);
  if (area.mode() == Http::SSL_FORWARD) check->mutable_tls()->set_server_name(area.host_name());
  if (area.mode() == Http::SSL_BRIDGE) {
    check->mutable_tls()->set_server_name(
        ServerTlsOf(compilation.config, Area::kHttp).server_name());
  }
  worker_v1::HttpCheck* http = check->mutable_http();
  http->set_method("GET");
  http->set_path(newer ? directory.check_path_2013 : directory.check_path_2010);
  http->set_host(area.host_name());
  http->add_expect_status(newer ? directory.check_status_2013 : directory.check_status_2010);
  return check;
}

// SSL_FORWARD: one directory's check decides; those of the others are made, less often, to be
// shown.
void CompileForward(Compilation& compilation, const AreaPort& port) {
  const Config& config = compilation.config;
  worker_v1::VirtualService* service = AddAreaPort(compilation, Area::kHttp, port);
  compilation.UseStickTable(service, "https",
                            std::max(kLeastAffinity, IdleTimeout(config, Area::kHttp)));
  for (const ExchangeServer& server : config.cas_server()) {
    const std::string deciding = CheckId(port.service, server.name());
    for (const Directory& directory : Directories()) {
      const bool decides = directory.name == ForwardCheck(config.http());
      if (!HasCheck(config, directory) || !IsSwitchedOn(config, directory)) continue;
      worker_v1::Check* check =
          AddDirectoryCheck(compilation, port, server, directory,
                            decides ? deciding : fmt::format("{}#{}", deciding, directory.field));
      if (!decides) check->set_interval_ms(10'000);
    }
    compilation.AddTarget(port.service, server.name(), {deciding});
  }
}

// What keeps a client on its server. Exchange 2013 and later do without: any server does the work
// of any mailbox.
void UsePersistence(Compilation& compilation, const Directory& directory,
                    worker_v1::VirtualService* service) {
  if (IsExchange2013OrLater(compilation.config)) return;
  const auto expiry = std::max(kLeastAffinity, DirectoryTimeout(compilation.config, directory));
  worker_v1::PersistenceCookie cookie;
  cookie.set_same_site(worker_v1::SAME_SITE_LAX);
  switch (directory.name) {
    case HttpDirectory::OUTLOOK_WEB_APP:
    case HttpDirectory::EXCHANGE_CONTROL_PANEL:
      cookie.set_name(kOwaCookie);
      return compilation.UseCookie(service, cookie);
    case HttpDirectory::EXCHANGE_WEB_SERVICES:
      // The table is for programs that keep no cookies.
      cookie.set_name(kEwsCookie);
      compilation.UseCookie(service, cookie);
      return compilation.UseStickTable(service, directory.service, expiry);
    case HttpDirectory::ACTIVE_SYNC:
      return compilation.UseAuthorizationTable(service, directory.service, expiry);
    case HttpDirectory::OUTLOOK_ANYWHERE:
    case HttpDirectory::POWERSHELL:
      return compilation.UseStickTable(service, directory.service, expiry);
    default:
      return;
  }
}

// A service without listeners, for what routes send to it; `checked` is the directory whose check
// decides about a server of it, null: whether the port accepts.
worker_v1::VirtualService* AddRouted(Compilation& compilation, const AreaPort& port,
                                     const std::string& name, const Directory* checked) {
  worker_v1::VirtualService* service = compilation.AddService(name);
  AddAreaServers(compilation, Area::kHttp, port, service);
  for (const ExchangeServer& server : compilation.config.cas_server()) {
    const std::string id = CheckId(name, server.name());
    if (checked != nullptr) {
      AddDirectoryCheck(compilation, port, server, *checked, id);
    } else {
      compilation.AddCheck(id, server.address(), port.server_port)->mutable_tcp();
    }
    compilation.AddTarget(name, server.name(), {id});
  }
  return service;
}

void CompileDirectory(Compilation& compilation, const AreaPort& port, const Directory& directory,
                      worker_v1::HttpRules* http) {
  const Config& config = compilation.config;
  worker_v1::HttpRoute* route = http->add_routes();
  route->set_path_prefix(RoutePrefix(directory.path));
  if (!IsSwitchedOn(config, directory)) return;  // answered 403
  route->set_service(directory.service);
  for (const HttpDirectory& settings : config.http().directory()) {
    if (settings.name() == directory.name) *route->mutable_allow_from() = settings.allow_from();
  }
  worker_v1::VirtualService* service = AddRouted(
      compilation, port, directory.service, HasCheck(config, directory) ? &directory : nullptr);
  service->set_idle_timeout_ms(DirectoryTimeout(config, directory).count());
  UsePersistence(compilation, directory, service);
}

// Other paths are those of Outlook Web App's older names and of what stands beside it, so they go
// where it goes.
void CompileExtraPaths(Compilation& compilation, const AreaPort& port, worker_v1::HttpRules* http) {
  const Config& config = compilation.config;
  if (config.http().extra_path().empty()) return;
  for (const std::string& path : config.http().extra_path()) {
    worker_v1::HttpRoute* route = http->add_routes();
    route->set_path_prefix(RoutePrefix(path));
    route->set_service(kExtraService);
  }
  const Directory& owa = DirectoryNamed(HttpDirectory::OUTLOOK_WEB_APP);
  worker_v1::VirtualService* service =
      AddRouted(compilation, port, kExtraService, IsSwitchedOn(config, owa) ? &owa : nullptr);
  service->set_idle_timeout_ms(ParseDuration(config.http().timeout()).value_or(owa.need).count());
  UsePersistence(compilation, owa, service);
}

// SSL_OFFLOAD and SSL_BRIDGE: one service listens, and its routes lead to a service of each
// directory; whatever else is asked for is answered 404.
void CompileDirectories(Compilation& compilation, const AreaPort& port) {
  const Config& config = compilation.config;
  worker_v1::VirtualService* service = compilation.AddService(port.service);
  worker_v1::HttpRules* http = compilation.UseHttp(service);
  AddAreaListeners(compilation, Area::kHttp, port, service);
  service->set_idle_timeout_ms(IdleTimeout(config, Area::kHttp).count());
  for (const Directory& directory : Directories()) {
    CompileDirectory(compilation, port, directory, http);
  }
  CompileExtraPaths(compilation, port, http);
  if (IsSwitchedOn(config, DirectoryNamed(HttpDirectory::OUTLOOK_WEB_APP))) {
    http->set_root_redirect("/owa/");
  }
  if (config.http().hsts()) {
    worker_v1::HttpField* field = http->add_response_fields();
    field->set_name("Strict-Transport-Security");
    field->set_value(kOneYear);
  }
  http->set_request_id_field(config.http().request_id_header());
}

void CompileRedirect(Compilation& compilation, const AreaPort& port) {
  worker_v1::VirtualService* service = compilation.AddService(port.service);
  AddAreaListeners(compilation, Area::kHttp, port, service);
  const Http& area = compilation.config.http();
  worker_v1::HttpRedirect* redirect = compilation.UseHttp(service)->mutable_redirect();
  redirect->set_https_port(area.has_virtual_https_port() ? area.virtual_https_port() : 443);
  redirect->set_host(area.host_name());
}

}  // namespace

void CompileHttpPort(Compilation& compilation, const AreaPort& port) {
  if (port.use == PortUse::kRedirect) return CompileRedirect(compilation, port);
  if (port.use == PortUse::kTls) return CompileForward(compilation, port);
  CompileDirectories(compilation, port);
}

}  // namespace aloha::supervisor
