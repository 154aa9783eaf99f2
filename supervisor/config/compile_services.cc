// Compilation of virtual services as written. A service and each of its pools make one service of
// the workers: that of a pool has no listeners, and takes what routes send to it.
#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/compile_parts.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/http_names.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using config::v1::CookiePersistence;
using config::v1::HealthCheck;
using config::v1::Persistence;
using config::v1::VirtualService;
using namespace std::chrono_literals;

uint64_t Milliseconds(bool present, const std::string& text, std::chrono::milliseconds fallback) {
  return (present ? ParseDuration(text).value_or(fallback) : fallback).count();
}

worker_v1::Balance BalanceOf(const VirtualService& service) {
  switch (service.balance()) {
    case VirtualService::LEAST_CONNECTIONS:
      return worker_v1::BALANCE_LEAST_CONNECTIONS;
    case VirtualService::SOURCE_HASH:
      return worker_v1::BALANCE_SOURCE_HASH;
    default:
      return worker_v1::BALANCE_ROUND_ROBIN;
  }
}

worker_v1::SendProxy SendProxyOf(const config::v1::Server& server) {
  switch (server.send_proxy()) {
    case config::v1::Server::V1:
      return worker_v1::SEND_PROXY_V1;
    case config::v1::Server::V2:
      return worker_v1::SEND_PROXY_V2;
    default:
      return worker_v1::SEND_PROXY_UNSPECIFIED;
  }
}

void SetHttpCheck(const config::v1::HttpHealthCheck& from, worker_v1::HttpCheck* to) {
  to->set_method(from.has_method() ? from.method() : "GET");
  to->set_path(from.has_path() ? from.path() : "/");
  to->set_host(from.host());
  *to->mutable_expect_status() = from.expect_status();
  to->set_expect_body(from.expect_body());
}

void SetCheck(const HealthCheck& from, worker_v1::Check* to) {
  to->set_interval_ms(Milliseconds(from.has_interval(), from.interval(), 2s));
  to->set_fast_interval_ms(std::min(
      Milliseconds(from.has_fast_interval(), from.fast_interval(), 1s), to->interval_ms()));
  to->set_timeout_ms(Milliseconds(from.has_timeout(), from.timeout(), 2s));
  if (from.has_rise()) to->set_rise(from.rise());
  if (from.has_fall()) to->set_fall(from.fall());
  if (from.has_tls()) to->mutable_tls()->set_server_name(from.tls().server_name());
  switch (from.protocol_case()) {
    case HealthCheck::kHttp:
      SetHttpCheck(from.http(), to->mutable_http());
      break;
    case HealthCheck::kImap:
      to->mutable_imap();
      break;
    case HealthCheck::kPop3:
      to->mutable_pop3();
      break;
    case HealthCheck::kSmtp:
      to->mutable_smtp()->set_ehlo_name(from.smtp().ehlo_name());
      break;
    case HealthCheck::kEndpointMapper:
      to->mutable_endpoint_mapper();
      break;
    case HealthCheck::kTcp:
    case HealthCheck::PROTOCOL_NOT_SET:
      to->mutable_tcp();
      break;
  }
}

worker_v1::SameSite SameSiteOf(const CookiePersistence& cookie) {
  switch (cookie.same_site()) {
    case CookiePersistence::STRICT:
      return worker_v1::SAME_SITE_STRICT;
    case CookiePersistence::NONE:
      return worker_v1::SAME_SITE_NONE;
    default:
      return worker_v1::SAME_SITE_LAX;
  }
}

// The servers of a service, or of one of its pools, with what holds for them.
struct ServerGroup {
  std::string name;  // of the workers' service
  const google::protobuf::RepeatedPtrField<config::v1::Server>& servers;
  const Persistence& persistence;
  const HealthCheck* health_check;  // null: none
  uint64_t idle_timeout_ms;
  bool http;
};

void CompileServer(Compilation& compilation, const ServerGroup& group,
                   const config::v1::Server& server, worker_v1::VirtualService* service) {
  worker_v1::Server* to = service->add_servers();
  to->set_name(server.name());
  to->set_address(CanonicalAddress(server.address()));
  to->set_port(server.port());
  to->set_weight(server.has_weight() ? server.weight() : 1);
  to->set_max_connections(server.max_connections());
  to->set_send_proxy(SendProxyOf(server));
  to->set_slow_start_ms(Milliseconds(server.has_slow_start(), server.slow_start(), 0s));
  to->set_admin_state(compilation.StateOf(group.name, server.name(), false));
  to->set_unchecked(group.health_check == nullptr);
  if (group.persistence.has_cookie()) to->set_cookie(server.cookie());
  if (server.has_tls()) {
    to->set_tls(compilation.UseTlsServer(
        group.name, fmt::format("{}/{}", group.name, server.name()), server.tls(), group.http));
  }
  if (group.health_check == nullptr) return;
  const HealthCheck& health_check = *group.health_check;
  const std::string id = CheckId(group.name, server.name());
  SetCheck(health_check,
           compilation.AddCheck(id, server.address(),
                                health_check.has_port() ? health_check.port() : server.port()));
  compilation.AddTarget(group.name, server.name(), {id});
}

void CompilePersistence(Compilation& compilation, const ServerGroup& group,
                        worker_v1::VirtualService* service) {
  const Persistence& persistence = group.persistence;
  const auto expiry = ParseDuration(persistence.expiry()).value_or(30min);
  if (persistence.has_source_address()) {
    const auto& by = persistence.source_address();
    compilation.UseStickTable(service, by.has_table() ? by.table() : group.name, expiry);
  } else if (persistence.has_authorization_header()) {
    compilation.UseAuthorizationTable(service, group.name, expiry);
  } else if (persistence.has_cookie()) {
    worker_v1::PersistenceCookie cookie;
    cookie.set_name(CookieName(persistence.cookie()));
    if (persistence.has_expiry()) {
      cookie.set_max_age_s(std::chrono::ceil<std::chrono::seconds>(expiry).count());
    }
    cookie.set_same_site(SameSiteOf(persistence.cookie()));
    compilation.UseCookie(service, cookie);
  }
}

worker_v1::VirtualService* CompileGroup(Compilation& compilation, const VirtualService& from,
                                        const ServerGroup& group) {
  worker_v1::VirtualService* service = compilation.AddService(group.name);
  service->set_balance(BalanceOf(from));
  service->set_idle_timeout_ms(group.idle_timeout_ms);
  service->set_connect_timeout_ms(
      Milliseconds(from.has_connect_timeout(), from.connect_timeout(), 5s));
  service->set_queue_timeout_ms(Milliseconds(from.has_queue_timeout(), from.queue_timeout(), 1min));
  if (from.has_retries()) service->set_retries(from.retries());
  for (const auto& server : group.servers) CompileServer(compilation, group, server, service);
  if (!group.servers.empty()) CompilePersistence(compilation, group, service);
  return service;
}

void SetHttpRules(const VirtualService& from, worker_v1::HttpRules* to) {
  for (const auto& route : from.route()) {
    worker_v1::HttpRoute* rule = to->add_routes();
    rule->set_path_prefix(RoutePrefix(route.path_prefix()));
    if (!route.deny()) rule->set_service(PoolServiceName(from.name(), route.pool()));
    *rule->mutable_allow_from() = route.allow_from();
  }
  if (from.has_redirect()) {
    const auto& redirect = from.redirect();
    to->mutable_redirect()->set_https_port(redirect.has_https_port() ? redirect.https_port() : 443);
    to->mutable_redirect()->set_host(redirect.host_name());
  }
  const auto set_fields = [](const auto& headers, auto* fields) {
    for (const config::v1::Header& header : headers) {
      worker_v1::HttpField* field = fields->Add();
      field->set_name(header.name());
      field->set_value(header.value());
    }
  };
  set_fields(from.request_header(), to->mutable_request_fields());
  set_fields(from.response_header(), to->mutable_response_fields());
  to->set_root_redirect(from.root_redirect());
  to->set_request_id_field(from.request_id_header());
  if (!from.has_rate_limit()) return;
  const auto& limit = from.rate_limit();
  to->mutable_rate_limit()->set_requests_per_second(limit.requests_per_second());
  to->mutable_rate_limit()->set_burst(limit.has_burst() ? limit.burst()
                                                        : limit.requests_per_second());
}

worker_v1::MailProtocol StarttlsOf(const config::v1::Listener& listener) {
  switch (listener.starttls()) {
    case config::v1::Listener::SMTP:
      return worker_v1::MAIL_PROTOCOL_SMTP;
    case config::v1::Listener::IMAP:
      return worker_v1::MAIL_PROTOCOL_IMAP;
    case config::v1::Listener::POP3:
      return worker_v1::MAIL_PROTOCOL_POP3;
    default:
      return worker_v1::MAIL_PROTOCOL_UNSPECIFIED;
  }
}

void CompileListener(Compilation& compilation, const VirtualService& from,
                     const config::v1::Listener& listener, worker_v1::VirtualService* service) {
  const std::string address = listener.has_address() ? listener.address() : "0.0.0.0";
  if (!listener.has_tls()) {
    return compilation.AddListener(service, address, listener.port(), listener.accept_proxy());
  }
  worker_v1::Listener to;
  to.set_address(CanonicalAddress(address));
  to.set_port(listener.port());
  to.set_accept_proxy(listener.accept_proxy());
  to.set_starttls(StarttlsOf(listener));
  to.set_tls(!listener.has_starttls());
  const auto& names = listener.tls().certificate();
  compilation.AddTlsListener(service, to,
                             {.certificates = {names.begin(), names.end()},
                              .profile = TlsProfileOf(listener.tls().profile()),
                              .allow_from = from.allow_from()});
}

void CompileService(Compilation& compilation, const VirtualService& from) {
  const HealthCheck* health_check = from.has_health_check() ? &from.health_check() : nullptr;
  const uint64_t idle = Milliseconds(from.has_idle_timeout(), from.idle_timeout(), 10min);
  const bool http = from.protocol() == VirtualService::HTTP;
  worker_v1::VirtualService* service =
      CompileGroup(compilation, from,
                   {from.name(), from.server(), from.persistence(), health_check, idle, http});
  *service->mutable_allow_from() = from.allow_from();
  if (http) SetHttpRules(from, compilation.UseHttp(service));
  for (const auto& listener : from.listener()) {
    CompileListener(compilation, from, listener, service);
  }
  for (const auto& pool : from.pool()) {
    CompileGroup(
        compilation, from,
        {PoolServiceName(from.name(), pool.name()), pool.server(), PersistenceOf(from, pool),
         pool.has_health_check() ? &pool.health_check() : health_check,
         pool.has_idle_timeout() ? Milliseconds(true, pool.idle_timeout(), 10min) : idle, http});
  }
}

}  // namespace

void CompileVirtualServices(Compilation& compilation) {
  for (const VirtualService& from : compilation.config.virtual_service()) {
    CompileService(compilation, from);
  }
}

}  // namespace aloha::supervisor
