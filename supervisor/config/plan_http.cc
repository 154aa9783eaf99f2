#include "supervisor/config/plan_http.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "supervisor/config/duration.h"
#include "supervisor/config/print.h"

namespace aloha::supervisor {
namespace {

namespace worker_v1 = worker::v1;
using worker_v1::HttpRules;
using worker_v1::VirtualService;
using Texts = std::vector<std::string>;

void Changed(Texts& texts, std::string_view what, const std::string& from, const std::string& to) {
  if (from != to) texts.push_back(fmt::format("{} changes from {} to {}", what, from, to));
}

std::string OrOff(const std::string& text) { return text.empty() ? "off" : text; }

std::string CookieText(const worker_v1::PersistenceCookie& cookie) {
  if (cookie.name().empty()) return "off";
  constexpr std::string_view kPrefix = "SAME_SITE_";
  const std::string lifetime = cookie.max_age_s() == 0
                                   ? "until the browser closes"
                                   : FormatDuration(std::chrono::seconds(cookie.max_age_s()));
  return fmt::format("{} ({}, {})", cookie.name(), lifetime,
                     worker_v1::SameSite_Name(cookie.same_site()).substr(kPrefix.size()));
}

std::string RouteText(const worker_v1::HttpRoute& route) {
  return route.service().empty() ? "403" : route.service();
}

void Routes(const HttpRules& old, const HttpRules& now, Texts& texts) {
  std::map<std::string, const worker_v1::HttpRoute*> before, after;
  for (const auto& route : old.routes()) before[route.path_prefix()] = &route;
  for (const auto& route : now.routes()) after[route.path_prefix()] = &route;
  for (const auto& [path, route] : before) {
    if (!after.contains(path)) texts.push_back(fmt::format("route {} removed", path));
  }
  for (const auto& [path, route] : after) {
    const auto found = before.find(path);
    if (found == before.end()) {
      texts.push_back(fmt::format("route {} to {} added", path, RouteText(*route)));
      continue;
    }
    const std::string what = fmt::format("route {}", path);
    Changed(texts, what, RouteText(*found->second), RouteText(*route));
    Changed(texts, what + ": who is served", NetworksText(found->second->allow_from(), "everybody"),
            NetworksText(route->allow_from(), "everybody"));
  }
}

// What is there by name, before and after; the values stay untold.
void Named(std::string_view what, const std::map<std::string, std::string>& before,
           const std::map<std::string, std::string>& after, Texts& texts) {
  for (const auto& [name, value] : before) {
    if (!after.contains(name)) texts.push_back(fmt::format("{} {} is no longer set", what, name));
  }
  for (const auto& [name, value] : after) {
    const auto found = before.find(name);
    if (found == before.end()) {
      texts.push_back(fmt::format("{} {} is set", what, name));
    } else if (found->second != value) {
      texts.push_back(fmt::format("{} {} changes", what, name));
    }
  }
}

std::map<std::string, std::string> FieldsOf(
    const google::protobuf::RepeatedPtrField<worker_v1::HttpField>& fields) {
  std::map<std::string, std::string> map;
  for (const auto& field : fields) map[field.name()] = field.value();
  return map;
}

std::map<std::string, std::string> PagesOf(const HttpRules& rules) {
  std::map<std::string, std::string> map;
  for (const auto& page : rules.error_pages()) {
    map[std::to_string(page.status())] = page.content_type() + "\n" + page.body();
  }
  return map;
}

std::string RedirectText(const HttpRules& rules) {
  if (!rules.has_redirect()) return "off";
  const auto& redirect = rules.redirect();
  return fmt::format("{} port {}", redirect.host().empty() ? "the same host" : redirect.host(),
                     redirect.https_port());
}

std::string LimitText(const HttpRules& rules) {
  if (!rules.has_rate_limit()) return "off";
  return fmt::format("{} a second, {} at once", rules.rate_limit().requests_per_second(),
                     rules.rate_limit().burst());
}

}  // namespace

std::string NetworksText(const google::protobuf::RepeatedPtrField<std::string>& networks,
                         const char* none) {
  return networks.empty() ? none : fmt::format("{}", fmt::join(networks, ", "));
}

Texts HttpChanges(const VirtualService& old, const VirtualService& now) {
  Texts texts;
  Changed(texts, "persistence by cookie", CookieText(old.cookie()), CookieText(now.cookie()));
  Changed(texts, "persistence by Authorization", OrOff(old.authorization_table()),
          OrOff(now.authorization_table()));
  if (old.has_http() != now.has_http()) {
    Changed(texts, "protocol", old.has_http() ? "HTTP" : "TCP", now.has_http() ? "HTTP" : "TCP");
    return texts;
  }
  const HttpRules &before = old.http(), &after = now.http();
  Routes(before, after, texts);
  Changed(texts, "redirect to https", RedirectText(before), RedirectText(after));
  Changed(texts, "redirect of /", OrOff(before.root_redirect()), OrOff(after.root_redirect()));
  Named("request header", FieldsOf(before.request_fields()), FieldsOf(after.request_fields()),
        texts);
  Named("response header", FieldsOf(before.response_fields()), FieldsOf(after.response_fields()),
        texts);
  Changed(texts, "header with the request id", OrOff(before.request_id_field()),
          OrOff(after.request_id_field()));
  Changed(texts, "rate limit", LimitText(before), LimitText(after));
  Changed(texts, "trusted proxies", NetworksText(before.trusted_proxies(), "nobody"),
          NetworksText(after.trusted_proxies(), "nobody"));
  Named("error page", PagesOf(before), PagesOf(after), texts);
  return texts;
}

}  // namespace aloha::supervisor
