// What a snapshot says of HTTP: what is refused, and with which field.
#include "workers/proxy/http_rules.h"

#include <gtest/gtest.h>

#include "workers/proxy/running_config.h"

namespace aloha::proxy {
namespace {

using Change = void (*)(worker::v1::HttpRules&);

worker::v1::HttpRules Minimal() {
  worker::v1::HttpRules rules;
  rules.set_head_timeout_ms(100);
  rules.set_keep_alive_timeout_ms(100);
  return rules;
}

worker::v1::HttpRoute& AddRoute(worker::v1::HttpRules& rules, const std::string& prefix,
                                const std::string& service = "") {
  auto& route = *rules.add_routes();
  route.set_path_prefix(prefix);
  route.set_service(service);
  return route;
}

// The one service that routes may lead to is "owa".
auto Build(const worker::v1::HttpRules& rules) {
  static const auto settings = std::make_shared<const ServiceSettings>();
  return BuildHttpRules(rules, "http",
                        [](const std::string& name) { return name == "owa" ? settings : nullptr; });
}

TEST(HttpRulesTest, RefusalsNameTheField) {
  const struct {
    const char* field;
    Change change;
  } kCases[] = {
      {"http.head_timeout_ms", [](auto& rules) { rules.set_head_timeout_ms(99); }},
      {"http.keep_alive_timeout_ms", [](auto& rules) { rules.clear_keep_alive_timeout_ms(); }},
      {"http.routes[].path_prefix", [](auto& rules) { AddRoute(rules, ""); }},
      {"http.routes[o].path_prefix", [](auto& rules) { AddRoute(rules, "o"); }},
      {"http.routes[owa].path_prefix", [](auto& rules) { AddRoute(rules, "owa"); }},
      {"http.routes[/owa/].path_prefix", [](auto& rules) { AddRoute(rules, "/owa/"); }},
      {"http.routes[/OWA].path_prefix", [](auto& rules) { AddRoute(rules, "/OWA"); }},
      {"http.routes[/a/../b].path_prefix", [](auto& rules) { AddRoute(rules, "/a/../b"); }},
      {"http.routes[/%2f].path_prefix", [](auto& rules) { AddRoute(rules, "/%2f"); }},
      {"http.routes[/x].service", [](auto& rules) { AddRoute(rules, "/x", "nowhere"); }},
      {"http.routes[/x].allow_from",
       [](auto& rules) { AddRoute(rules, "/x", "owa").add_allow_from("10.0.0.0/33"); }},
      {"http.redirect.https_port", [](auto& rules) { rules.mutable_redirect(); }},
      {"http.redirect.https_port",
       [](auto& rules) { rules.mutable_redirect()->set_https_port(65536); }},
      {"http.root_redirect", [](auto& rules) { rules.set_root_redirect("/owa/\r\nX: y"); }},
      {"http.request_id_field", [](auto& rules) { rules.set_request_id_field("X Id"); }},
      {"http.request_fields", [](auto& rules) { rules.add_request_fields()->set_name(""); }},
      {"http.request_fields", [](auto& rules) { rules.add_request_fields()->set_name("a b"); }},
      {"http.response_fields",
       [](auto& rules) {
         auto& field = *rules.add_response_fields();
         field.set_name("X");
         field.set_value("a\r\nb: c");
       }},
      {"http.trusted_proxies", [](auto& rules) { rules.add_trusted_proxies("proxy"); }},
      {"http.rate_limit", [](auto& rules) { rules.mutable_rate_limit()->set_burst(1); }},
      {"http.rate_limit",
       [](auto& rules) { rules.mutable_rate_limit()->set_requests_per_second(1); }},
      {"http.error_pages", [](auto& rules) { rules.add_error_pages()->set_status(399); }},
      {"http.error_pages", [](auto& rules) { rules.add_error_pages()->set_status(600); }},
      {"http.error_pages",
       [](auto& rules) {
         auto& page = *rules.add_error_pages();
         page.set_status(503);
         page.set_body(std::string(32 * 1024 + 1, 'x'));
       }},
      {"http.error_pages",
       [](auto& rules) {
         auto& page = *rules.add_error_pages();
         page.set_status(503);
         page.set_content_type("text/html\r\nX: y");
       }},
  };
  for (const auto& one : kCases) {
    auto rules = Minimal();
    one.change(rules);
    const auto built = Build(rules);
    ASSERT_FALSE(built) << one.field << " " << rules.ShortDebugString().substr(0, 200);
    EXPECT_EQ(built.error().code, Code::kInvalidArgument);
    EXPECT_EQ(built.error().field, one.field) << rules.ShortDebugString().substr(0, 200);
  }
}

TEST(HttpRulesTest, TheLongestPrefixDecides) {
  auto rules = Minimal();
  AddRoute(rules, "/", "owa");
  AddRoute(rules, "/owa");
  AddRoute(rules, "/owa/auth", "owa");
  const auto built = Build(rules);
  ASSERT_TRUE(built) << built.error().message;
  const auto prefix = [&](const char* path) { return (*built)->FindRoute(path)->prefix; };
  EXPECT_EQ(prefix("/"), "/");
  EXPECT_EQ(prefix("/owax"), "/");
  EXPECT_EQ(prefix("/owa"), "/owa");
  EXPECT_EQ(prefix("/owa/authx"), "/owa");
  EXPECT_EQ(prefix("/owa/auth/logon.aspx"), "/owa/auth");
  EXPECT_EQ((*built)->FindRoute("/owa")->backend, nullptr);
  EXPECT_NE((*built)->FindRoute("/owa/auth")->backend, nullptr);
  EXPECT_EQ((*built)->FindRoute("*"), nullptr);
}

TEST(HttpRulesTest, WithoutRoutesNothingIsFound) {
  EXPECT_EQ((*Build(Minimal()))->FindRoute("/"), nullptr);
}

TEST(HttpRulesTest, SetFieldsReplaceTheirNames) {
  auto rules = Minimal();
  auto& field = *rules.add_request_fields();
  field.set_name("X-Name");
  field.set_value("v");
  rules.set_request_id_field("X-Request-Id");
  const auto built = Build(rules);
  ASSERT_TRUE(built);
  EXPECT_EQ((*built)->request_fields.lines, "X-Name: v\r\n");
  EXPECT_TRUE((*built)->request_fields.Names("x-NAME"));
  EXPECT_TRUE((*built)->request_fields.Names("x-request-id"));
  EXPECT_TRUE((*built)->response_fields.Names("X-Request-ID"));
  EXPECT_FALSE((*built)->response_fields.Names("X-Name"));
}

TEST(HttpRulesTest, TheUsualPortIsLeftOutOfRedirects) {
  auto rules = Minimal();
  rules.mutable_redirect()->set_https_port(443);
  EXPECT_EQ((*Build(rules))->redirect_port, "");
  rules.mutable_redirect()->set_https_port(8443);
  EXPECT_EQ((*Build(rules))->redirect_port, ":8443");
}

TEST(PersistenceCookieTest, AttributesFollowTheSnapshot) {
  worker::v1::PersistenceCookie cookie;
  EXPECT_EQ(BuildCookie(cookie, "cookie").error().field, "cookie.name");
  cookie.set_name("S;V");
  EXPECT_EQ(BuildCookie(cookie, "cookie").error().field, "cookie.name");
  cookie.set_name("SRV");
  EXPECT_EQ(BuildCookie(cookie, "cookie")->attributes, "; Path=/; HttpOnly");
  EXPECT_FALSE(BuildCookie(cookie, "cookie")->refresh);
  cookie.set_max_age_s(60);
  cookie.set_same_site(worker::v1::SAME_SITE_LAX);
  EXPECT_EQ(BuildCookie(cookie, "cookie")->attributes,
            "; Path=/; HttpOnly; Max-Age=60; SameSite=Lax");
  EXPECT_EQ(BuildCookie(cookie, "cookie")->secure_attributes, "; Secure");
  EXPECT_TRUE(BuildCookie(cookie, "cookie")->refresh);
  cookie.set_same_site(worker::v1::SAME_SITE_NONE);  // means something with TLS alone
  EXPECT_EQ(BuildCookie(cookie, "cookie")->attributes, "; Path=/; HttpOnly; Max-Age=60");
  EXPECT_EQ(BuildCookie(cookie, "cookie")->secure_attributes, "; Secure; SameSite=None");
}

}  // namespace
}  // namespace aloha::proxy
