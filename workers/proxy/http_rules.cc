#include "workers/proxy/http_rules.h"

#include <algorithm>
#include <functional>

#include "workers/http/chars.h"
#include "workers/http/path.h"
#include "workers/proxy/rate_limiter.h"

namespace aloha::proxy {
namespace {

constexpr uint64_t kMinTimeoutMs = 100;
constexpr size_t kMaxErrorPage = 32 * 1024;

auto Invalid(const std::string& field, std::string message) {
  return Fail(Code::kInvalidArgument, field + ": " + message, field);
}

std::string ToLower(std::string text) {
  for (char& c : text) c = http::Lower(c);
  return text;
}

Result<> AddNetworks(const google::protobuf::RepeatedPtrField<std::string>& from,
                     const std::string& field, net::Networks& to) {
  for (const std::string& network : from) {
    if (auto added = to.Add(network); !added) return Invalid(field, added.error().message);
  }
  return {};
}

Result<> AddFields(const google::protobuf::RepeatedPtrField<worker::v1::HttpField>& from,
                   const std::string& field, SetFields& to) {
  for (const auto& one : from) {
    if (!http::IsToken(one.name())) return Invalid(field, "\"" + one.name() + "\" is no token");
    if (!http::IsFieldValue(one.value())) return Invalid(field, "has a control character");
    to.names.push_back(ToLower(one.name()));
    to.lines += one.name() + ": " + one.value() + "\r\n";
  }
  return {};
}

Result<> AddRoute(const worker::v1::HttpRoute& from, const std::string& field,
                  const FindSettings& find, HttpRules& rules) {
  HttpRoute route;
  if (!http::NormalizePath(from.path_prefix(), &route.prefix) ||
      route.prefix != from.path_prefix()) {
    return Invalid(field + ".path_prefix", "is no normalized path");
  }
  if (!from.service().empty()) {
    route.backend = find(from.service());
    if (!route.backend) return Invalid(field + ".service", "no service is " + from.service());
  }
  if (auto added = AddNetworks(from.allow_from(), field + ".allow_from", route.allow_from);
      !added) {
    return added;
  }
  rules.routes.push_back(std::move(route));
  return {};
}

Result<> SetLimits(const worker::v1::HttpRules& from, const std::string& field, HttpRules& rules) {
  if (from.head_timeout_ms() < kMinTimeoutMs) {
    return Invalid(field + ".head_timeout_ms", "is below 100");
  }
  if (from.keep_alive_timeout_ms() < kMinTimeoutMs) {
    return Invalid(field + ".keep_alive_timeout_ms", "is below 100");
  }
  rules.head_timeout_ms = from.head_timeout_ms();
  rules.keep_alive_timeout_ms = from.keep_alive_timeout_ms();
  if (from.has_rate_limit()) {
    const uint32_t rate = from.rate_limit().requests_per_second();
    const uint32_t burst = from.rate_limit().burst();
    if (rate == 0 || burst == 0) return Invalid(field + ".rate_limit", "is 0");
    rules.rate_limiter = std::make_shared<RateLimiter>(rate, burst);
  }
  for (const auto& page : from.error_pages()) {
    if (page.status() < 400 || page.status() > 599 || page.body().size() > kMaxErrorPage ||
        !http::IsFieldValue(page.content_type())) {
      return Invalid(field + ".error_pages", "one is out of its range");
    }
    rules.error_pages[static_cast<int>(page.status())] = {page.content_type(), page.body()};
  }
  return {};
}

}  // namespace

bool SetFields::Names(std::string_view name) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return http::EqualsLower(name, one); });
}

const HttpRoute* HttpRules::FindRoute(std::string_view path) const {
  for (const HttpRoute& route : routes) {
    if (http::HasPathPrefix(path, route.prefix)) return &route;
  }
  return nullptr;
}

Result<std::shared_ptr<const HttpRules>> BuildHttpRules(const worker::v1::HttpRules& from,
                                                        const std::string& field,
                                                        const FindSettings& find) {
  auto rules = std::make_shared<HttpRules>();
  for (const auto& route : from.routes()) {
    auto added = AddRoute(route, field + ".routes[" + route.path_prefix() + "]", find, *rules);
    if (!added) return tl::make_unexpected(added.error());
  }
  std::stable_sort(rules->routes.begin(), rules->routes.end(),
                   [](const auto& a, const auto& b) { return a.prefix.size() > b.prefix.size(); });
  if (from.has_redirect()) {
    rules->redirects = true;
    rules->redirect_host = from.redirect().host();
    const uint32_t port = from.redirect().https_port();
    if (port == 0 || port > 65535) return Invalid(field + ".redirect.https_port", "is no port");
    if (port != 443) rules->redirect_port = ":" + std::to_string(port);
  }
  rules->root_redirect = from.root_redirect();
  rules->request_id_field = from.request_id_field();
  for (const Result<>& result :
       {AddFields(from.request_fields(), field + ".request_fields", rules->request_fields),
        AddFields(from.response_fields(), field + ".response_fields", rules->response_fields),
        AddNetworks(from.trusted_proxies(), field + ".trusted_proxies", rules->trusted_proxies),
        SetLimits(from, field, *rules)}) {
    if (!result) return tl::make_unexpected(result.error());
  }
  if (!rules->root_redirect.empty() && !http::IsTarget(rules->root_redirect)) {
    return Invalid(field + ".root_redirect", "is no path");
  }
  if (!rules->request_id_field.empty()) {
    if (!http::IsToken(rules->request_id_field)) {
      return Invalid(field + ".request_id_field", "is no token");
    }
    rules->request_fields.names.push_back(ToLower(rules->request_id_field));
    rules->response_fields.names.push_back(ToLower(rules->request_id_field));
  }
  return std::shared_ptr<const HttpRules>(std::move(rules));
}

Result<PersistenceCookie> BuildCookie(const worker::v1::PersistenceCookie& from,
                                      const std::string& field) {
  if (!http::IsToken(from.name())) return Invalid(field + ".name", "is no token");
  PersistenceCookie cookie{.name = from.name(),
                           .attributes = "; Path=/; HttpOnly",
                           .secure_attributes = "; Secure",
                           .refresh = from.max_age_s() > 0};
  if (cookie.refresh) cookie.attributes += "; Max-Age=" + std::to_string(from.max_age_s());
  if (from.same_site() == worker::v1::SAME_SITE_LAX) cookie.attributes += "; SameSite=Lax";
  if (from.same_site() == worker::v1::SAME_SITE_STRICT) cookie.attributes += "; SameSite=Strict";
  if (from.same_site() == worker::v1::SAME_SITE_NONE) {
    cookie.secure_attributes += "; SameSite=None";
  }
  return cookie;
}

}  // namespace aloha::proxy
