// Validation of what only HTTP services have: routes, pools, header fields, cookies.
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
using config::v1::Persistence;
using config::v1::VirtualService;
using Servers = google::protobuf::RepeatedPtrField<config::v1::Server>;

constexpr size_t kMaxHeaderValue = 4096;

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Fields that frame a message or speak of the connection (RFC 9110 section 7.6.1), and those that
// the balancer sets by its own rules.
bool IsOwned(const std::string& name, bool request) {
  static const std::set<std::string> kConnection = {
      "connection", "content-length", "keep-alive",       "te",
      "trailer",    "upgrade",        "transfer-encoding"};
  static const std::set<std::string> kForwarded = {"front-end-https", "x-forwarded-for",
                                                   "x-forwarded-proto"};
  return kConnection.contains(name) || name.starts_with("proxy-") ||
         (request && kForwarded.contains(name));
}

// A field to be set, once in a message. `seen` has the names that are set already, in lower case.
void CheckFieldName(const std::string& path, const std::string& name, bool request,
                    std::set<std::string>& seen, Checker& check) {
  if (!ValidateFieldName(path, name, request, check) || seen.insert(LowerCase(name)).second) return;
  check.Error(path, fmt::format("{} is set twice; keep one", Quote(name)));
}

void CheckHeaders(const std::string& path, const VirtualService& service, Checker& check) {
  const auto headers = [&](const std::string& field, const auto& list, bool request,
                           std::set<std::string>& seen) {
    for (int i = 0; i < list.size(); ++i) {
      const std::string at = IndexPath(path + field, i);
      const std::string& value = list.Get(i).value();
      CheckFieldName(at + ".name", list.Get(i).name(), request, seen, check);
      if (value.size() > kMaxHeaderValue) {
        check.Error(at + ".value",
                    fmt::format("has {} bytes; use at most {}", value.size(), kMaxHeaderValue));
      } else if (value.starts_with(' ') || value.ends_with(' ')) {
        check.Error(at + ".value",
                    fmt::format("{} begins or ends with a blank; leave that out", Quote(value)));
      }
    }
  };
  std::set<std::string> request, response;
  headers(".request_header", service.request_header(), true, request);
  headers(".response_header", service.response_header(), false, response);
  if (!service.has_request_id_header()) return;
  CheckFieldName(path + ".request_id_header", service.request_id_header(), true, request, check);
}

void CheckRoutes(const std::string& path, const VirtualService& service, Checker& check) {
  std::set<std::string> pools;
  for (const auto& pool : service.pool()) pools.insert(pool.name());
  std::map<std::string, int> prefixes;
  for (int i = 0; i < service.route_size(); ++i) {
    const auto& route = service.route(i);
    const std::string at = IndexPath(path + ".route", i);
    if (!route.has_path_prefix()) {
      check.Missing(at + ".path_prefix", "the beginning of a path, as in \"/owa\"");
    } else {
      check.PathPrefix(at + ".path_prefix", route.path_prefix());
      const auto [first, fresh] = prefixes.emplace(RoutePrefix(route.path_prefix()), i);
      if (!fresh) {
        check.Error(at + ".path_prefix",
                    fmt::format("{} is the path of {} too; keep one", Quote(route.path_prefix()),
                                IndexPath("route", first->second)));
      }
    }
    check.Networks(at + ".allow_from", route.allow_from());
    if (route.deny()) {
      const char* const text = "has no use beside deny: true; leave one of them out";
      if (route.has_pool()) check.Error(at + ".pool", text);
      if (!route.allow_from().empty()) check.Error(at + ".allow_from[0]", text);
    } else if (!route.has_pool()) {
      check.Missing(at + ".pool", "name a pool of this service, or write deny: true");
    } else if (!pools.contains(route.pool())) {
      check.Error(at + ".pool",
                  fmt::format("there is no pool {} in this service", Quote(route.pool())));
    }
  }
}

void CheckPools(const std::string& path, const VirtualService& service, Checker& check) {
  std::set<std::string> names;
  for (int i = 0; i < service.pool_size(); ++i) {
    const auto& pool = service.pool(i);
    const std::string at = IndexPath(path + ".pool", i);
    if (check.RequireName(at + ".name", pool.has_name(), pool.name()) &&
        !names.insert(pool.name()).second) {
      check.Error(at + ".name",
                  fmt::format("{} is the name of two pools; rename one", Quote(pool.name())));
    }
    if (pool.server().empty()) check.Missing(at + ".server", "a pool has at least one");
    ValidateServers(at + ".server", pool.server(), check);
    check.IdleTimeout(at + ".idle_timeout", pool.has_idle_timeout(), pool.idle_timeout());
    if (pool.has_persistence()) ValidatePersistence(at + ".persistence", pool.persistence(), check);
    if (pool.has_health_check()) {
      ValidateHealthCheck(at + ".health_check", pool.health_check(), check);
    }
    const bool routed = std::any_of(service.route().begin(), service.route().end(),
                                    [&](const auto& route) { return route.pool() == pool.name(); });
    if (!routed) check.Warn(at, "no route names this pool: nothing reaches it");
  }
}

// Values of persistence cookies, over a service and its pools: a cookie that goes to several of
// them must mean one server in each.
class CookieCheck {
 public:
  CookieCheck(const VirtualService& service, Checker& check) : service_(service), check_(check) {}

  void Run(const std::string& path) {
    Group(path, service_.persistence(), service_.server());
    for (int i = 0; i < service_.pool_size(); ++i) {
      Group(IndexPath(path + ".pool", i), PersistenceOf(service_, service_.pool(i)),
            service_.pool(i).server());
    }
  }

 private:
  struct Known {
    std::map<std::string, std::string> values;  // by server; empty: an opaque one
    std::set<std::string> servers;              // of the first group
    std::string path;                           // of the first group
  };

  void Group(const std::string& path, const Persistence& persistence, const Servers& servers) {
    std::map<std::string, int> values;
    for (int i = 0; i < servers.size(); ++i) {
      if (!servers.Get(i).has_cookie()) continue;
      const std::string at = IndexPath(path + ".server", i) + ".cookie";
      Value(at, servers.Get(i).cookie());
      const auto [first, fresh] = values.emplace(servers.Get(i).cookie(), i);
      if (!fresh) {
        check_.Error(
            at, fmt::format("{} means {} too; every server has its own",
                            Quote(servers.Get(i).cookie()), IndexPath("server", first->second)));
      } else if (!persistence.has_cookie()) {
        check_.Warn(at, "has no effect: persistence is not by cookie here");
      }
    }
    if (persistence.has_cookie() && !servers.empty()) Shared(path, persistence, servers);
  }

  void Value(const std::string& path, const std::string& value) {
    const bool good =
        !value.empty() && value.size() <= 64 && std::all_of(value.begin(), value.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-_.~").find(c) != std::string_view::npos;
        });
    if (good) return;
    check_.Error(path, fmt::format("{} is not the value of a cookie; use 1 to 64 letters, digits, "
                                   "\"-\", \"_\", \".\" and \"~\"",
                                   Quote(value)));
  }

  void Shared(const std::string& path, const Persistence& persistence, const Servers& servers) {
    const std::string name = CookieName(persistence.cookie());
    const auto [found, fresh] = known_.try_emplace(name);
    Known& known = found->second;
    std::set<std::string> names;
    for (int i = 0; i < servers.size(); ++i) {
      const auto& server = servers.Get(i);
      names.insert(server.name());
      const auto [value, first] = known.values.emplace(server.name(), server.cookie());
      if (first || value->second == server.cookie()) continue;
      check_.Error(IndexPath(path + ".server", i) + ".cookie",
                   fmt::format("{} has another value of cookie {} in this service; write the same",
                               Quote(server.name()), Quote(name)));
    }
    if (fresh) {
      known.servers = std::move(names);
      known.path = path;
    } else if (known.servers != names) {
      check_.Warn(path + ".persistence",
                  fmt::format("shares cookie {} with {}, which has other servers: who uses both "
                              "loses the server of one in the other; name another cookie",
                              Quote(name), known.path));
    }
  }

  const VirtualService& service_;
  Checker& check_;
  std::map<std::string, Known> known_;  // by name of the cookie
};

void CheckRedirects(const std::string& path, const VirtualService& service, Checker& check) {
  if (service.has_root_redirect()) {
    const std::string& to = service.root_redirect();
    if (check.UrlPath(path + ".root_redirect", to) &&
        (to == "/" || to.starts_with("//") || to.find('\\') != std::string::npos)) {
      check.Error(path + ".root_redirect",
                  fmt::format("{} does not lead to another path of this service; write it as in "
                              "\"/owa/\"",
                              Quote(to)));
    }
  }
  if (!service.has_redirect()) return;
  const auto& redirect = service.redirect();
  if (redirect.has_https_port()) check.Port(path + ".redirect.https_port", redirect.https_port());
  if (!redirect.host_name().empty()) {
    check.HostName(path + ".redirect.host_name", redirect.host_name());
  }
  const char* const text =
      "is never reached: redirect answers every request; leave one of them out";
  if (!service.route().empty()) check.Error(path + ".route[0]", text);
  if (!service.pool().empty()) check.Error(path + ".pool[0]", text);
  if (!service.server().empty()) check.Warn(path + ".server[0]", text);
}

void CheckHttp(const std::string& path, const VirtualService& service, Checker& check) {
  if (service.server().empty() && service.route().empty() && !service.has_redirect()) {
    check.Missing(path + ".server", "an HTTP service has a server, routes or a redirect");
  }
  for (int i = 0; i < service.listener_size(); ++i) {
    if (!service.listener(i).has_starttls()) continue;
    check.Error(IndexPath(path + ".listener", i) + ".starttls",
                "HTTP has no STARTTLS; leave it out, tls alone means https");
  }
  CheckHeaders(path, service, check);
  CheckRoutes(path, service, check);
  CheckPools(path, service, check);
  CookieCheck(service, check).Run(path);
  CheckRedirects(path, service, check);
  if (!service.has_rate_limit()) return;
  const auto& limit = service.rate_limit();
  const std::string at = path + ".rate_limit";
  check.Number(at + ".requests_per_second", limit.requests_per_second(), 1, 1'000'000);
  if (limit.has_burst()) check.Number(at + ".burst", limit.burst(), 1, 1'000'000);
}

void CheckTcp(const std::string& path, const VirtualService& service, Checker& check) {
  const auto refuse = [&](bool present, const std::string& field) {
    if (!present) return;
    check.Error(path + field, "is for HTTP; write protocol: HTTP, or leave it out");
  };
  if (service.server().empty()) check.Missing(path + ".server", "a service has at least one");
  refuse(service.persistence().has_cookie(), ".persistence.cookie");
  refuse(service.persistence().has_authorization_header(), ".persistence.authorization_header");
  refuse(!service.request_header().empty(), ".request_header[0]");
  refuse(!service.response_header().empty(), ".response_header[0]");
  refuse(!service.route().empty(), ".route[0]");
  refuse(service.has_redirect(), ".redirect");
  refuse(!service.pool().empty(), ".pool[0]");
  refuse(service.has_rate_limit(), ".rate_limit");
  refuse(service.has_root_redirect(), ".root_redirect");
  refuse(service.has_request_id_header(), ".request_id_header");
  for (int i = 0; i < service.server_size(); ++i) {
    refuse(service.server(i).has_cookie(), IndexPath(".server", i) + ".cookie");
  }
}

}  // namespace

bool ValidateFieldName(const std::string& path, const std::string& name, bool request,
                       Checker& check) {
  if (!check.Token(path, name)) return false;
  if (!IsOwned(LowerCase(name), request)) return true;
  check.Error(path, fmt::format("{} is set by the balancer itself; leave it out", Quote(name)));
  return false;
}

void ValidateHttpParts(const std::string& path, const VirtualService& service, Checker& check) {
  if (service.protocol() == VirtualService::HTTP) {
    CheckHttp(path, service, check);
  } else {
    CheckTcp(path, service, check);
  }
}

void ValidateTables(const Config& config, Checker& check) {
  std::map<std::string, std::string> of_authorization;  // to the service
  if (HasDirectoryServices(config) && !IsExchange2013OrLater(config)) {
    of_authorization.emplace("activesync", "activesync");
  }
  const auto visit = [&](const auto& each) {
    for (int i = 0; i < config.virtual_service_size(); ++i) {
      const VirtualService& service = config.virtual_service(i);
      const std::string path = IndexPath("virtual_service", i);
      each(path, service.name(), service.persistence());
      for (int j = 0; j < service.pool_size(); ++j) {
        each(IndexPath(path + ".pool", j), PoolServiceName(service.name(), service.pool(j).name()),
             PersistenceOf(service, service.pool(j)));
      }
    }
  };
  visit([&](const std::string&, const std::string& name, const Persistence& persistence) {
    if (persistence.has_authorization_header()) of_authorization.emplace(name, name);
  });
  visit([&](const std::string& path, const std::string&, const Persistence& persistence) {
    const auto found = of_authorization.find(persistence.source_address().table());
    if (found == of_authorization.end()) return;
    check.Error(path + ".persistence.source_address.table",
                fmt::format("{} holds the Authorization values of {}; name another table",
                            Quote(found->first), found->second));
  });
}

}  // namespace aloha::supervisor
