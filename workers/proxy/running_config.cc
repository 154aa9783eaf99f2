#include "workers/proxy/running_config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "workers/net/socket.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kMinIdleMs = 100;
constexpr uint32_t kMaxThreads = 64, kMaxRetries = 10, kMaxWeight = 256;

auto Invalid(const std::string& field, std::string message) {
  return Fail(Code::kInvalidArgument, field + ": " + message, field);
}

using Known = std::span<const std::shared_ptr<const RunningConfig>>;

class Builder {
 public:
  Builder(Known known, uint32_t threads, const Offers& offers)
      : known_(known), threads_(threads), offers_(offers), config_(new RunningConfig) {
    config_->threads = threads;
  }

  Result<std::shared_ptr<const RunningConfig>> Build(const worker::v1::ProxySnapshot& snapshot) {
    if (snapshot.threads() == 0 || snapshot.threads() > kMaxThreads) {
      return Invalid("threads", "is not 1 to 64");
    }
    if (snapshot.access_log()) {
      config_->access_log = snapshot.access_log_json() ? AccessLog::kJson : AccessLog::kText;
    }
    for (const auto& table : snapshot.stick_tables()) {
      if (auto added = AddTable(table); !added) return tl::make_unexpected(added.error());
    }
    for (const auto& service : snapshot.services()) {
      if (auto added = AddService(service, snapshot.persistence_key()); !added) {
        return tl::make_unexpected(added.error());
      }
    }
    for (const auto& service : snapshot.services()) {
      if (auto added = AddHttp(service); !added) return tl::make_unexpected(added.error());
    }
    return std::shared_ptr<const RunningConfig>(std::move(config_));
  }

 private:
  Result<> AddTable(const worker::v1::StickTable& table) {
    const std::string field = "stick_tables[" + table.name() + "]";
    if (table.expiry_ms() < 1000) return Invalid(field + ".expiry_ms", "is below 1,000");
    if (!expiry_.emplace(table.name(), table.expiry_ms()).second) {
      return Invalid(field, "stands there twice");
    }
    for (const auto& config : known_) {
      const auto mapped = config->tables.find(table.name());
      if (mapped == config->tables.end()) continue;
      if (mapped->second->max_entries() != table.max_entries()) continue;
      config_->tables.insert(*mapped);
      return {};
    }
    UniqueFd memory = offers_.take_stick_table(table.name());
    if (!memory)
      return Fail(Code::kFailedPrecondition, field + ": its memory did not arrive", field);
    auto made = net::StickTable::Map(table.name(), std::move(memory), table.max_entries());
    if (!made) return tl::make_unexpected(made.error());
    config_->tables.emplace(table.name(), std::move(*made));
    return {};
  }

  Result<> AddService(const worker::v1::VirtualService& service, const std::string& key) {
    const std::string field = "services[" + service.name() + "]";
    if (service.name().empty()) return Invalid("services", "one has no name");
    if (!names_.insert(service.name()).second) return Invalid(field, "stands there twice");
    auto settings = std::make_shared<ServiceSettings>();
    settings->service = FindService(service.name());
    settings->plan.http = service.has_http();
    if (auto set = SetRules(service, field, *settings); !set) return set;
    if (auto set = SetPersistence(service, field, key, *settings); !set) return set;
    for (const auto& server : service.servers()) {
      auto added = AddServer(server, field + ".servers[" + server.name() + "]", *settings);
      if (!added) return added;
    }
    for (const auto& listener : service.listeners()) {
      if (auto added = AddListener(listener, field, settings); !added) return added;
    }
    by_name_[service.name()] = settings;
    config_->services.push_back(std::move(settings));
    return {};
  }

  // After all services are there, since routes lead to others.
  Result<> AddHttp(const worker::v1::VirtualService& service) {
    if (!service.has_http() || service.listeners().empty()) return {};
    const std::string field = "services[" + service.name() + "]";
    auto rules = BuildHttpRules(service.http(), field + ".http", [&](const std::string& name) {
      const auto found = by_name_.find(name);
      const bool leads_on = found != by_name_.end() && !found->second->listeners.empty();
      if (found == by_name_.end() || leads_on) return std::shared_ptr<const ServiceSettings>();
      found->second->plan.http = true;
      return std::shared_ptr<const ServiceSettings>(found->second);
    });
    if (!rules) return tl::make_unexpected(rules.error());
    ServiceSettings& settings = *by_name_[service.name()];
    settings.http = std::move(*rules);
    return {};
  }

  std::shared_ptr<Service> FindService(const std::string& name) const {
    for (const auto& config : known_) {
      for (const auto& settings : config->services) {
        if (settings->service->name() == name) return settings->service;
      }
    }
    return std::make_shared<Service>(name, threads_);
  }

  Result<> SetRules(const worker::v1::VirtualService& service, const std::string& field,
                    ServiceSettings& settings) const {
    if (service.idle_timeout_ms() < kMinIdleMs) {
      return Invalid(field + ".idle_timeout_ms", "is below 100");
    }
    if (service.connect_timeout_ms() == 0) return Invalid(field + ".connect_timeout_ms", "is 0");
    if (service.retries() > kMaxRetries) return Invalid(field + ".retries", "is above 10");
    settings.idle_timeout_ms = service.idle_timeout_ms();
    settings.connect_timeout_ms = service.connect_timeout_ms();
    settings.queue_timeout_ms = service.queue_timeout_ms();
    settings.retries = service.retries();
    settings.log_sni = service.log_sni();
    settings.plan.balance = service.balance();
    for (const std::string& network : service.allow_from()) {
      if (auto added = settings.allow_from.Add(network); !added) {
        return Invalid(field + ".allow_from", added.error().message);
      }
    }
    return {};
  }

  Result<> SetPersistence(const worker::v1::VirtualService& service, const std::string& field,
                          const std::string& key, ServiceSettings& settings) const {
    const bool by_authorization = !service.authorization_table().empty();
    const std::string& name =
        by_authorization ? service.authorization_table() : service.stick_table();
    if (by_authorization && !service.stick_table().empty()) {
      return Invalid(field + ".stick_table", "cannot stand beside authorization_table");
    }
    if (!name.empty()) {
      const auto table = config_->tables.find(name);
      if (table == config_->tables.end()) {
        return Invalid(field + ".stick_table", "no table is named " + name);
      }
      settings.plan.table = table->second;
      settings.plan.by_authorization = by_authorization;
      settings.plan.stick_expiry_ms = expiry_.at(name);
    }
    if (by_authorization) {
      if (key.size() != settings.persistence_key.size()) {
        return Invalid("persistence_key", "is not of 32 bytes");
      }
      std::copy(key.begin(), key.end(), settings.persistence_key.begin());
    }
    if (service.has_cookie()) {
      auto cookie = BuildCookie(service.cookie(), field + ".cookie");
      if (!cookie) return tl::make_unexpected(cookie.error());
      settings.cookie = std::move(*cookie);
    }
    return {};
  }

  Result<> AddServer(const worker::v1::Server& server, const std::string& field,
                     ServiceSettings& settings) const {
    auto address = net::Address::Parse(server.address(), server.port());
    if (!address) return Invalid(field, address.error().message);
    if (server.name().empty()) return Invalid(field, "has no name");
    if (server.weight() > kMaxWeight) return Invalid(field + ".weight", "is above 256");
    for (const auto& entry : settings.plan.servers) {
      if (entry.server->name == server.name()) return Invalid(field, "stands there twice");
    }
    ServicePlan::Entry entry;
    entry.server = settings.service->Find(server.name(), *address);
    if (!entry.server) entry.server = std::make_shared<Server>(server.name(), *address, threads_);
    if (server.starttls() != worker::v1::MAIL_PROTOCOL_UNSPECIFIED &&
        (server.starttls() != worker::v1::MAIL_PROTOCOL_SMTP || server.tls().empty())) {
      return Invalid(field + ".starttls", "is for SMTP, with tls");
    }
    if (server.starttls() != worker::v1::MAIL_PROTOCOL_UNSPECIFIED)
      settings.starttls_servers = true;
    auto approach = std::make_shared<const Approach>(
        Approach{server.send_proxy(), server.tls(), server.starttls()});
    entry.settings = {server.weight(),        server.max_connections(), std::move(approach),
                      server.slow_start_ms(), server.admin_state(),     server.unchecked(),
                      server.cookie()};
    if (server.admin_state() == worker::v1::ADMIN_STATE_UNSPECIFIED) {
      entry.settings.admin_state = worker::v1::ADMIN_STATE_READY;
    }
    settings.plan.servers.push_back(std::move(entry));
    return {};
  }

  Result<> AddListener(const worker::v1::Listener& listener, const std::string& service_field,
                       const std::shared_ptr<ServiceSettings>& settings) {
    const std::string field = service_field + ".listeners[" + listener.address() + ":" +
                              std::to_string(listener.port()) + "]";
    auto address = net::Address::Parse(listener.address(), listener.port());
    if (!address) return Invalid(field, address.error().message);
    if (!listening_.insert(*address).second) return Invalid(field, "stands there twice");
    const auto index = static_cast<uint16_t>(settings->listeners.size());
    settings->listeners.push_back({*address, listener.accept_proxy(), listener.tls(),
                                   listener.starttls(), listener.starttls_required()});
    if (listener.tls()) {
      if (listener.starttls() != worker::v1::MAIL_PROTOCOL_UNSPECIFIED) {
        return Invalid(field + ".starttls", "cannot stand beside tls");
      }
      config_->tls_listeners.push_back({*address, settings, index});
      return {};
    }
    auto socket = FindSocket(*address);
    if (!socket) {
      UniqueFd fd = offers_.take_listener(listener.address(), listener.port());
      if (!fd) return Fail(Code::kFailedPrecondition, field + ": its socket did not arrive", field);
      if (auto verified = net::VerifyListener(fd.get(), *address); !verified) {
        return Fail(verified.error().code, field + ": " + verified.error().message, field);
      }
      // Accepted sockets inherit it, which saves a call for each.
      net::SendAtOnce(fd.get());
      if (settings->plan.http) net::DelayAcknowledgement(fd.get());
      socket.reset(new net::ListeningSocket{*address, std::move(fd)});
    }
    config_->listeners.push_back({std::move(socket), settings, index});
    return {};
  }

  std::shared_ptr<const net::ListeningSocket> FindSocket(const net::Address& address) const {
    for (const auto& config : known_) {
      for (const auto& listener : config->listeners) {
        if (listener.socket->address == address) return listener.socket;
      }
    }
    return nullptr;
  }

  const Known known_;
  const uint32_t threads_;
  const Offers& offers_;
  std::shared_ptr<RunningConfig> config_;
  std::map<std::string, uint64_t> expiry_;  // by table
  std::set<std::string> names_;
  std::map<std::string, std::shared_ptr<ServiceSettings>> by_name_;
  std::set<net::Address> listening_;
};

}  // namespace

Result<std::shared_ptr<const RunningConfig>> BuildConfig(
    const worker::v1::ProxySnapshot& snapshot,
    std::span<const std::shared_ptr<const RunningConfig>> known, uint32_t threads,
    const Offers& offers) {
  return Builder(known, threads, offers).Build(snapshot);
}

}  // namespace aloha::proxy
