#include "supervisor/config/compile.h"

#include <fmt/format.h>

#include <algorithm>

#include "supervisor/config/address.h"
#include "supervisor/config/compile_parts.h"
#include "supervisor/config/error_page.h"
#include "supervisor/config/persistence_secret.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;

// About 8 MiB of memory in each table.
constexpr uint32_t kStickTableEntries = 65536;
constexpr uint32_t kMaxThreads = 64;
constexpr uint64_t kHeadTimeoutMs = 30'000;
constexpr uint64_t kKeepAliveTimeoutMs = 120'000;

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

void Compilation::UseAuthorizationTable(worker_v1::VirtualService* service,
                                        const std::string& table,
                                        std::chrono::milliseconds expiry) {
  service->set_authorization_table(table);
  auto& longest = tables_[table];
  longest = std::max(longest, expiry);
}

void Compilation::UseCookie(worker_v1::VirtualService* service,
                            const worker_v1::PersistenceCookie& cookie) {
  *service->mutable_cookie() = cookie;
  for (worker_v1::Server& server : *service->mutable_servers()) {
    if (!server.cookie().empty()) continue;
    server.set_cookie(CookieValue(input_.secret, cookie.name(), server.name()));
  }
}

worker_v1::HttpRules* Compilation::UseHttp(worker_v1::VirtualService* service) {
  worker_v1::HttpRules* http = service->mutable_http();
  http->set_head_timeout_ms(kHeadTimeoutMs);
  http->set_keep_alive_timeout_ms(kKeepAliveTimeoutMs);
  *http->mutable_trusted_proxies() = config.trusted_proxy();
  for (const auto& page : config.error_page()) {
    const auto content = input_.pages.find(page.file());
    if (content == input_.pages.end()) continue;
    worker_v1::HttpErrorPage* to = http->add_error_pages();
    to->set_status(page.status());
    to->set_body(content->second);
    to->set_content_type(std::string(ErrorPageType(page.file())));
  }
  return http;
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
  for (const auto& entry : input_.states.server()) {
    if (entry.server() != server || entry.state() == worker_v1::ADMIN_STATE_UNSPECIFIED) continue;
    if (entry.service() == service) return entry.state();
    if (entry.service().empty() && in_exchange_area) state = entry.state();
  }
  return state;
}

void Compilation::Finish() {
  const uint32_t wanted = config.performance().proxy_threads();
  out.proxy.set_threads(std::clamp(wanted == 0 ? input_.cores : wanted, 1U, kMaxThreads));
  out.proxy.set_access_log(!config.log().has_access() || config.log().access());
  out.proxy.set_access_log_json(config.log().format() == config::v1::LogSettings::JSON);
  for (const auto& [name, expiry] : tables_) {
    worker_v1::StickTable* table = out.proxy.add_stick_tables();
    table->set_name(name);
    table->set_max_entries(kStickTableEntries);
    table->set_expiry_ms(expiry.count());
  }
  for (const auto& service : out.proxy.services()) {
    if (!service.authorization_table().empty()) {
      out.proxy.set_persistence_key(AuthorizationKey(input_.secret));
    }
    out.system.mutable_listeners()->MergeFrom(service.listeners());
  }
  FinishTls();
}

Compiled Compile(const config::v1::Config& config, const CompileInput& input) {
  Compilation compilation(config, input);
  CompileExchange(compilation);
  CompileVirtualServices(compilation);
  compilation.Finish();
  CompileManagement(compilation);
  CompileRemote(compilation);
  CompileLink(compilation);
  CompileHighAvailability(compilation);
  CompileReports(compilation);
  compilation.AddNetwork();
  return std::move(compilation.out);
}

}  // namespace aloha::supervisor
