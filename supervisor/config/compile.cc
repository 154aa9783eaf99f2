#include "supervisor/config/compile.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"
#include "supervisor/config/duration.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using config::v1::HealthCheck;
using config::v1::VirtualService;
using namespace std::chrono_literals;

// About 8 MiB of memory in each table.
constexpr uint32_t kStickTableEntries = 65536;
constexpr uint32_t kMaxThreads = 64;

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

void CompileServer(Compilation& compilation, const VirtualService& from,
                   const config::v1::Server& server, worker_v1::VirtualService* service) {
  worker_v1::Server* to = service->add_servers();
  to->set_name(server.name());
  to->set_address(CanonicalAddress(server.address()));
  to->set_port(server.port());
  to->set_weight(server.has_weight() ? server.weight() : 1);
  to->set_max_connections(server.max_connections());
  to->set_send_proxy(SendProxyOf(server));
  to->set_slow_start_ms(Milliseconds(server.has_slow_start(), server.slow_start(), 0s));
  to->set_admin_state(compilation.StateOf(from.name(), server.name(), false));
  to->set_unchecked(!from.has_health_check());
  if (!from.has_health_check()) return;
  const std::string id = CheckId(from.name(), server.name());
  SetCheck(from.health_check(),
           compilation.AddCheck(
               id, server.address(),
               from.health_check().has_port() ? from.health_check().port() : server.port()));
  compilation.AddTarget(from.name(), server.name(), {id});
}

}  // namespace

std::string CheckId(const std::string& service, const std::string& server) {
  return fmt::format("{}/{}", service, server);
}

std::string CanonicalAddress(const std::string& text) {
  const auto address = ParseAddress(text);
  return address ? FormatAddress(*address) : text;
}

const char* AreaStateName(AreaState state) {
  switch (state) {
    case AreaState::kDisabled:
      return "DISABLED";
    case AreaState::kIncomplete:
      return "INCOMPLETE";
    case AreaState::kOk:
      break;
  }
  return "OK";
}

worker_v1::VirtualService* Compilation::AddService(const std::string& name) {
  worker_v1::VirtualService* service = out.proxy.add_services();
  service->set_name(name);
  service->set_balance(worker_v1::BALANCE_ROUND_ROBIN);
  service->set_idle_timeout_ms(600'000);
  service->set_connect_timeout_ms(5'000);
  service->set_queue_timeout_ms(60'000);
  service->set_retries(3);
  return service;
}

void Compilation::AddListener(worker_v1::VirtualService* service, const std::string& address,
                              uint32_t port, bool accept_proxy) {
  worker_v1::Listener* listener = service->add_listeners();
  listener->set_address(CanonicalAddress(address));
  listener->set_port(port);
  listener->set_accept_proxy(accept_proxy);
}

void Compilation::UseStickTable(worker_v1::VirtualService* service, const std::string& table,
                                std::chrono::milliseconds expiry) {
  service->set_stick_table(table);
  auto& longest = tables_[table];
  longest = std::max(longest, expiry);
}

worker_v1::Check* Compilation::AddCheck(const std::string& id, const std::string& address,
                                        uint32_t port) {
  worker_v1::Check* check = out.health.add_checks();
  check->set_id(id);
  check->set_address(CanonicalAddress(address));
  check->set_port(port);
  check->set_interval_ms(2'000);
  check->set_fast_interval_ms(1'000);
  check->set_timeout_ms(2'000);
  check->set_rise(2);
  check->set_fall(3);
  return check;
}

void Compilation::AddTarget(const std::string& service, const std::string& server,
                            const std::vector<std::string>& check_ids) {
  worker_v1::Target* target = out.health.add_targets();
  target->set_service(service);
  target->set_server(server);
  for (const std::string& id : check_ids) target->add_check_ids(id);
}

worker_v1::AdminState Compilation::StateOf(const std::string& service, const std::string& server,
                                           bool in_exchange_area) const {
  worker_v1::AdminState state = worker_v1::ADMIN_STATE_READY;
  for (const auto& entry : states_.server()) {
    if (entry.server() != server || entry.state() == worker_v1::ADMIN_STATE_UNSPECIFIED) continue;
    if (entry.service() == service) return entry.state();
    if (entry.service().empty() && in_exchange_area) state = entry.state();
  }
  return state;
}

void Compilation::Finish(uint32_t cores) {
  const uint32_t wanted = config.performance().proxy_threads();
  out.proxy.set_threads(std::clamp(wanted == 0 ? cores : wanted, 1U, kMaxThreads));
  out.proxy.set_access_log(!config.log().has_access() || config.log().access());
  out.proxy.set_access_log_json(config.log().format() == config::v1::LogSettings::JSON);
  for (const auto& [name, expiry] : tables_) {
    worker_v1::StickTable* table = out.proxy.add_stick_tables();
    table->set_name(name);
    table->set_max_entries(kStickTableEntries);
    table->set_expiry_ms(expiry.count());
  }
  for (const auto& service : out.proxy.services()) {
    out.system.mutable_listeners()->MergeFrom(service.listeners());
  }
}

void CompileVirtualServices(Compilation& compilation) {
  for (const VirtualService& from : compilation.config.virtual_service()) {
    worker_v1::VirtualService* service = compilation.AddService(from.name());
    for (const auto& listener : from.listener()) {
      compilation.AddListener(service, listener.has_address() ? listener.address() : "0.0.0.0",
                              listener.port(), listener.accept_proxy());
    }
    service->set_balance(BalanceOf(from));
    service->set_idle_timeout_ms(Milliseconds(from.has_idle_timeout(), from.idle_timeout(), 10min));
    service->set_connect_timeout_ms(
        Milliseconds(from.has_connect_timeout(), from.connect_timeout(), 5s));
    service->set_queue_timeout_ms(
        Milliseconds(from.has_queue_timeout(), from.queue_timeout(), 1min));
    if (from.has_retries()) service->set_retries(from.retries());
    *service->mutable_allow_from() = from.allow_from();
    if (from.persistence().has_source_address()) {
      const auto& by = from.persistence().source_address();
      const auto expiry = ParseDuration(from.persistence().expiry()).value_or(30min);
      compilation.UseStickTable(service, by.has_table() ? by.table() : from.name(), expiry);
    }
    for (const auto& server : from.server()) CompileServer(compilation, from, server, service);
  }
}

Compiled Compile(const config::v1::Config& config, const config::v1::ServerStates& states,
                 uint32_t cores) {
  Compilation compilation(config, states);
  CompileExchange(compilation);
  CompileVirtualServices(compilation);
  compilation.Finish(cores);
  return std::move(compilation.out);
}

}  // namespace aloha::supervisor
