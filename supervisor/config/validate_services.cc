// Validation of virtual services.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "supervisor/config/checks.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/http_names.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

using config::v1::Config;
using config::v1::HealthCheck;
using config::v1::VirtualService;
using namespace std::chrono_literals;

void CheckListener(const std::string& path, const config::v1::Listener& listener, Checker& check) {
  if (listener.has_address()) check.ListenAddress(path + ".address", listener.address());
  check.RequirePort(path + ".port", listener.has_port(), listener.port());
  if (listener.has_tls()) {
    if (listener.tls().certificate().empty()) {
      check.Missing(path + ".tls.certificate", "name a certificate");
    }
    check.Certificates(path + ".tls.certificate", listener.tls().certificate());
  } else if (listener.has_starttls()) {
    check.Missing(path + ".tls", "starttls needs it for the certificate");
  }
}

void CheckLimits(const std::string& path, const VirtualService& service, Checker& check) {
  check.IdleTimeout(path + ".idle_timeout", service.has_idle_timeout(), service.idle_timeout());
  if (service.has_connect_timeout()) {
    check.Duration(path + ".connect_timeout", service.connect_timeout(), 10ms, 5min);
  }
  if (service.has_queue_timeout()) {
    check.Duration(path + ".queue_timeout", service.queue_timeout(), 10ms, 1h);
  }
  if (service.has_retries()) check.Number(path + ".retries", service.retries(), 0, 10);
  check.Networks(path + ".allow_from", service.allow_from());
}

void CheckService(const std::string& path, const VirtualService& service, Checker& check) {
  if (service.listener().empty()) check.Missing(path + ".listener", "clients need at least one");
  for (int i = 0; i < service.listener_size(); ++i) {
    CheckListener(IndexPath(path + ".listener", i), service.listener(i), check);
  }
  ValidateServers(path + ".server", service.server(), check);
  if (service.has_persistence()) {
    ValidatePersistence(path + ".persistence", service.persistence(), check);
  }
  if (service.has_health_check()) {
    ValidateHealthCheck(path + ".health_check", service.health_check(), check);
  }
  CheckLimits(path, service, check);
  ValidateHttpParts(path, service, check);
}

void CheckTotals(const Config& config, Checker& check) {
  const Limits& limits = check.facts().limits;
  size_t services = 0, listeners = 0, servers = 0;
  for (const auto& service : config.virtual_service()) {
    listeners += service.listener_size();
    servers += service.server_size();
    services += 1 + service.pool_size();
    for (const auto& pool : service.pool()) servers += pool.server_size();
  }
  const auto at_most = [&](const char* path, const char* what, size_t count, size_t most) {
    if (count > most)
      check.Error(path, fmt::format("{} {} are too many; use at most {}", count, what, most));
  };
  at_most("virtual_service", "virtual services and pools", services, limits.virtual_services);
  at_most("virtual_service", "listeners", listeners, limits.listeners);
  at_most("virtual_service", "servers", servers, limits.servers);
  at_most("cas_server", "servers", config.cas_server_size(), limits.servers / 10);
  at_most("hub_server", "servers", config.hub_server_size(), limits.servers / 10);
}

}  // namespace

void ValidateServers(const std::string& path,
                     const google::protobuf::RepeatedPtrField<config::v1::Server>& servers,
                     Checker& check) {
  std::set<std::string> names;
  std::map<std::pair<Address, uint32_t>, int> endpoints;
  for (int i = 0; i < servers.size(); ++i) {
    const auto& server = servers.Get(i);
    const std::string at = IndexPath(path, i);
    if (check.RequireName(at + ".name", server.has_name(), server.name()) &&
        !names.insert(server.name()).second) {
      check.Error(at + ".name",
                  fmt::format("{} is the name of two servers of this service; rename one",
                              Quote(server.name())));
    }
    check.RequirePort(at + ".port", server.has_port(), server.port());
    if (!server.has_address()) {
      check.Missing(at + ".address", "the server's address, as in \"10.0.0.15\"");
    } else if (const auto address = check.HostAddress(at + ".address", server.address())) {
      const auto [first, fresh] = endpoints.emplace(std::pair(*address, server.port()), i);
      if (!fresh) {
        check.Warn(at, fmt::format("{} is {} too: one server gets two shares",
                                   FormatEndpoint(server.address(), server.port()),
                                   IndexPath(path, first->second)));
      }
    }
    if (server.has_weight()) check.Number(at + ".weight", server.weight(), 0, 256);
    if (server.has_max_connections()) {
      check.Number(at + ".max_connections", server.max_connections(), 0, 1'000'000);
    }
    if (server.has_slow_start()) check.Duration(at + ".slow_start", server.slow_start(), 0ms, 1h);
    if (server.has_tls()) {
      check.ServerTls(at + ".tls", server.tls());
      check.ServerProof(at + ".tls", server.tls());
    }
  }
}

void ValidatePersistence(const std::string& path, const config::v1::Persistence& persistence,
                         Checker& check) {
  if (persistence.by_case() == config::v1::Persistence::BY_NOT_SET) {
    check.Missing(path, "use source_address {}, cookie {} or authorization_header {}");
  }
  if (persistence.source_address().has_table()) {
    check.Name(path + ".source_address.table", persistence.source_address().table());
  }
  if (persistence.cookie().has_name()) {
    check.Token(path + ".cookie.name", persistence.cookie().name());
  }
  if (persistence.has_expiry())
    check.Duration(path + ".expiry", persistence.expiry(), 1s, kLongestIdle);
}

void ValidateHealthCheck(const std::string& path, const HealthCheck& health_check, Checker& check) {
  if (health_check.protocol_case() == HealthCheck::PROTOCOL_NOT_SET) {
    check.Missing(path, "use tcp {}, http {}, imap {}, pop3 {}, smtp {} or endpoint_mapper {}");
  }
  if (health_check.has_interval()) {
    check.Duration(path + ".interval", health_check.interval(), 10ms, 24h);
  }
  if (health_check.has_fast_interval()) {
    check.Duration(path + ".fast_interval", health_check.fast_interval(), 10ms, 24h);
  }
  if (health_check.has_timeout()) {
    check.Duration(path + ".timeout", health_check.timeout(), 10ms, 5min);
  }
  if (health_check.has_rise()) check.Number(path + ".rise", health_check.rise(), 1, 100);
  if (health_check.has_fall()) check.Number(path + ".fall", health_check.fall(), 1, 100);
  if (health_check.has_port()) check.Port(path + ".port", health_check.port());
  if (!health_check.tls().server_name().empty()) {
    check.HostName(path + ".tls.server_name", health_check.tls().server_name());
  }
  if (!health_check.smtp().ehlo_name().empty()) {
    check.HostName(path + ".smtp.ehlo_name", health_check.smtp().ehlo_name());
  }
  const auto& http = health_check.http();
  if (http.has_method() && http.method() != "GET" && http.method() != "HEAD") {
    check.Error(path + ".http.method",
                fmt::format("{} is not a method for checks; use \"GET\" or \"HEAD\"",
                            Quote(http.method())));
  }
  if (http.has_path()) check.UrlPath(path + ".http.path", http.path());
  if (!http.host().empty() && !ParseAddress(http.host())) {
    check.HostName(path + ".http.host", http.host());
  }
  for (int i = 0; i < http.expect_status_size(); ++i) {
    check.Number(IndexPath(path + ".http.expect_status", i), http.expect_status(i), 100, 599);
  }
  if (http.method() == "HEAD" && !http.expect_body().empty()) {
    check.Error(path + ".http.expect_body", "an answer to HEAD has no body; use GET");
  }
}

void ValidateVirtualServices(const Config& config, Checker& check) {
  std::map<std::string, std::string> names;  // to where each stands
  for (const Area area : kAreas) {
    for (const auto& [name, field] : ServicesMadeOf(config, area)) names.emplace(name, field);
  }
  for (int i = 0; i < config.virtual_service_size(); ++i) {
    const VirtualService& service = config.virtual_service(i);
    const std::string path = IndexPath("virtual_service", i);
    const auto take = [&](const std::string& name, const std::string& field) {
      const auto [first, fresh] = names.emplace(name, field);
      if (fresh) return;
      check.Error(field, fmt::format("{} is the name of what {} makes too; rename it", Quote(name),
                                     first->second));
    };
    if (check.RequireName(path + ".name", service.has_name(), service.name())) {
      take(service.name(), path + ".name");
    }
    std::set<std::string> pools;  // two of one name are reported as such
    for (int j = 0; j < service.pool_size(); ++j) {
      const std::string& pool = service.pool(j).name();
      if (!pools.insert(pool).second) continue;
      take(PoolServiceName(service.name(), pool), IndexPath(path + ".pool", j) + ".name");
    }
    CheckService(path, service, check);
  }
  ValidateTables(config, check);
  CheckTotals(config, check);
}

}  // namespace aloha::supervisor
