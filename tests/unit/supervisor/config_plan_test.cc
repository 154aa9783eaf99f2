#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/plan.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;

constexpr char kImap[] = R"(cas_server { name: "CAS1" address: "10.0.0.1" }
  cas_server { name: "CAS2" address: "10.0.0.2" } imap { mode: CLEAR } )";
constexpr char kWeb[] = R"(virtual_service { name: "web" listener { address: "10.0.0.9" port: 80 }
  server { name: "a" address: "10.0.0.1" port: 80 } )";

// With certificates of these names, made anew as often as `edition` says.
Compiled Make(const std::string& text, const std::string& edition = "1") {
  const ParsedConfig checked = CheckConfig(text, Facts{.certificates = {"mail", "other"}});
  EXPECT_FALSE(HasErrors(checked.problems)) << text;
  CompileInput input{.cores = 2};
  for (const char* name : {"mail", "other"}) {
    config::v1::StoredCertificate* certificate = input.certificates.add_certificate();
    certificate->set_name(name);
    certificate->set_key(name + edition);
  }
  return Compile(checked.config, input);
}

std::vector<std::string> Texts(const std::string& running, const std::string& next) {
  std::vector<std::string> texts;
  for (const PlanStep& step : Plan(Make(running), Make(next))) {
    EXPECT_STRNE(PlanKindName(step.kind), "");
    texts.push_back(step.text);
  }
  return texts;
}

TEST(PlanTest, EqualConfigurationsChangeNothing) {
  EXPECT_TRUE(Texts(kImap, kImap).empty());
  // What means the same changes nothing either.
  EXPECT_TRUE(
      Texts(kImap, std::string(kImap) + "rpc { enabled: false } version_note: \"x\"").empty());
}

TEST(PlanTest, TellsServices) {
  EXPECT_THAT(Texts("", kImap),
              ElementsAre("imap: area becomes OK", "imap: listener 0.0.0.0:143 opens",
                          "imap: service added with 2 servers"));
  EXPECT_THAT(Texts(kImap, ""),
              ElementsAre("imap: area becomes DISABLED",
                          "imap: listener 0.0.0.0:143 closes, its sessions live on until they end",
                          "imap: service removed; its sessions live on until they end"));
  EXPECT_THAT(Texts("", "imap { mode: CLEAR }"),
              ElementsAre("imap: area becomes INCOMPLETE (no cas_server)"));
}

TEST(PlanTest, TellsServers) {
  const std::string more =
      std::string(kImap) + R"(cas_server { name: "CAS3" address: "10.0.0.3" })";
  EXPECT_THAT(Texts(kImap, more), ElementsAre("imap: server CAS3 added (10.0.0.3:143)"));
  EXPECT_THAT(Texts(more, kImap),
              ElementsAre("imap: server CAS3 removed, its sessions live on until they end"));
  EXPECT_THAT(Texts(std::string(kWeb) + "}",
                    R"(virtual_service { name: "web" listener { address: "10.0.0.9" port: 80 }
                       server { name: "a" address: "10.0.0.2" port: 80 weight: 2 max_connections: 9
                                send_proxy: V2 slow_start: "30s" } })"),
              ElementsAre("web: server a: address changes from 10.0.0.1:80 to 10.0.0.2:80",
                          "web: server a: weight changes from 1 to 2",
                          "web: server a: most connections changes from unlimited to 9",
                          "web: server a: PROXY protocol changes from off to version 2",
                          "web: server a: slow start changes from 0s to 30s"));
}

TEST(PlanTest, TellsListeners) {
  EXPECT_THAT(Texts(kImap, std::string(kImap) + "listen_address: \"127.0.0.1\""),
              ElementsAre("imap: listener 0.0.0.0:143 closes, its sessions live on until they end",
                          "imap: listener 127.0.0.1:143 opens"));
  EXPECT_THAT(
      Texts(
          std::string(kWeb) + "}",
          R"(virtual_service { name: "web" listener { address: "10.0.0.9" port: 80 accept_proxy: true }
                       server { name: "a" address: "10.0.0.1" port: 80 } })"),
      ElementsAre("web: listener 10.0.0.9:80: PROXY protocol from clients on"));
  EXPECT_THAT(Texts(std::string(kWeb) + "}",
                    R"(virtual_service { name: "other" listener { address: "10.0.0.9" port: 80 }
                       server { name: "a" address: "10.0.0.1" port: 80 } })"),
              ElementsAre("other: listener 10.0.0.9:80 stays open and is taken over from web",
                          "web: service removed; its sessions live on until they end",
                          "other: service added with 1 server"));
}

TEST(PlanTest, TellsSettings) {
  EXPECT_THAT(
      Texts(std::string(kWeb) + "}",
            std::string(kWeb) + R"(balance: SOURCE_HASH idle_timeout: "1h" connect_timeout: "1s"
                      queue_timeout: "2s" retries: 1 allow_from: "10.0.0.0/8"
                      persistence { source_address {} expiry: "1h" } health_check { tcp {} } })"),
      ElementsAre(
          "web: balance changes from round robin to source hash",
          "web: persistence by source address changes from off to by table web",
          "web: idle timeout changes from 10m to 1h", "web: connect timeout changes from 5s to 1s",
          "web: queue timeout changes from 1m to 2s", "web: number of retries changes from 3 to 1",
          "web: who is served changes from everybody to 10.0.0.0/8",
          "web: server a: the check begins", "stick table web begins empty"));
}

std::string Mail(const std::string& imap) {
  return R"(cas_server { name: "CAS1" address: "10.0.0.1" }
            cas_server { name: "CAS2" address: "10.0.0.2" } imap { )" +
         imap + " }";
}

TEST(PlanTest, TellsTls) {
  EXPECT_THAT(
      Texts(Mail("mode: CLEAR"), Mail(R"(mode: CLEAR starttls: REQUIRED certificate: "mail")")),
      ElementsAre("imap: listener 0.0.0.0:143: TLS changes from off to after STARTTLS, which "
                  "is required"));
  EXPECT_THAT(Texts(Mail(R"(mode: SSL_OFFLOAD certificate: "mail")"),
                    Mail(R"(mode: SSL_OFFLOAD certificate: "other" certificate: "mail")")),
              ElementsAre("imaps: listener 0.0.0.0:993: certificate changes from mail to other and "
                          "mail"));
  EXPECT_THAT(Texts(Mail(R"(mode: SSL_BRIDGE certificate: "mail")"),
                    Mail(R"(mode: SSL_BRIDGE certificate: "mail" server_tls { verify: NONE })")),
              ElementsAre("TLS towards servers: the settings imap change for new sessions"));
  EXPECT_THAT(
      Texts(Mail(R"(mode: SSL_OFFLOAD certificate: "mail" server_port: 993)"),
            Mail(R"(mode: SSL_BRIDGE certificate: "mail")")),
      testing::IsSupersetOf({"imaps: server CAS1: TLS changes from off to with the settings "
                             "imap"}));
}

TEST(PlanTest, TellsReplacedCertificates) {
  const std::string text = Mail(R"(mode: SSL_OFFLOAD certificate: "mail")");
  const std::vector<PlanStep> steps = Plan(Make(text, "1"), Make(text, "2"));
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].text, "certificate mail is replaced; sessions live on");
}

TEST(PlanTest, TellsRulesOfHttpAndRebindsNothing) {
  const std::string http = std::string(kWeb) + "protocol: HTTP ";
  EXPECT_THAT(Texts(std::string(kWeb) + "}", http + "}"),
              ElementsAre("web: protocol changes from TCP to HTTP"));
  const std::string pool =
      R"(pool { name: "p" server { name: "a" address: "10.0.0.3" port: 80 } })";
  const std::string before =
      http + pool + R"(persistence { cookie {} } request_header { name: "X-A" value: "1" }
          request_header { name: "X-B" } route { path_prefix: "/a" pool: "p" }
          route { path_prefix: "/b" deny: true } route { path_prefix: "/c" pool: "p" } })";
  EXPECT_TRUE(Texts(before, before).empty());
  const std::string after =
      http + pool + R"(persistence { cookie { same_site: STRICT } expiry: "1h" }
          request_header { name: "X-A" value: "2" } response_header { name: "X-C" }
          route { path_prefix: "/b" pool: "p" } route { path_prefix: "/c" pool: "p" allow_from: "10.0.0.0/8" }
          route { path_prefix: "/d" deny: true } root_redirect: "/c/" request_id_header: "X-Id"
          rate_limit { requests_per_second: 5 } } trusted_proxy: "10.0.0.5")";
  EXPECT_THAT(
      Texts(before, after),
      ElementsAre(
          "web: persistence by cookie changes from SRV (until the browser closes, LAX) to SRV (1h, "
          "STRICT)",
          "web: route /a removed", "web: route /b changes from 403 to web.p",
          "web: route /c: who is served changes from everybody to 10.0.0.0/8",
          "web: route /d to 403 added", "web: redirect of / changes from off to /c/",
          "web: request header X-B is no longer set", "web: request header X-A changes",
          "web: response header X-C is set",
          "web: header with the request id changes from off to X-Id",
          "web: rate limit changes from off to 5 a second, 5 at once",
          "web: trusted proxies changes from nobody to 10.0.0.5",
          "web.p: persistence by cookie changes from SRV (until the browser closes, LAX) to SRV "
          "(1h, STRICT)"));
}

TEST(PlanTest, TellsErrorPagesAndCookiesOfServers) {
  const std::string text = std::string(kWeb) + R"(protocol: HTTP persistence { cookie {} } }
      error_page { status: 503 file: "/503.html" })";
  const ParsedConfig checked = CheckConfig(text, Facts{});
  const Compiled plain = Compile(checked.config, {.secret = std::string(32, 'a')});
  const Compiled page =
      Compile(checked.config, {.secret = std::string(32, 'a'), .pages = {{"/503.html", "x"}}});
  const Compiled other =
      Compile(checked.config, {.secret = std::string(32, 'b'), .pages = {{"/503.html", "y"}}});
  const auto texts = [](const Compiled& from, const Compiled& to) {
    std::vector<std::string> list;
    for (const PlanStep& step : Plan(from, to)) list.push_back(step.text);
    return list;
  };
  EXPECT_THAT(texts(plain, page), ElementsAre("web: error page 503 is set"));
  EXPECT_THAT(texts(page, other),
              ElementsAre("web: error page 503 changes",
                          "web: server a: its cookie changes, and clients with the old one are "
                          "balanced anew"));
  EXPECT_THAT(texts(page, plain), ElementsAre("web: error page 503 is no longer set"));
}

TEST(PlanTest, TellsWhatNeedsARestart) {
  EXPECT_THAT(
      Texts("", "performance { proxy_threads: 7 } log { access: false format: JSON }"),
      ElementsAre(
          "access log changes from on to off", "access log as JSON changes from off to on",
          "the proxy runs 2 threads and will run 7 after `alohactl service restart haproxy`"));
}

TEST(PlanTest, TellsStates) {
  const Compiled running = Make(kImap);
  config::v1::ServerStates states;
  auto* entry = states.add_server();
  entry->set_server("CAS1");
  entry->set_state(worker::v1::ADMIN_STATE_DRAIN);
  const auto steps =
      Plan(running, Compile(CheckConfig(kImap, Facts{}).config, {.states = states, .cores = 2}));
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].kind, PlanKind::kServerChanged);
  EXPECT_EQ(steps[0].service, "imap");
  EXPECT_EQ(steps[0].text, "imap: server CAS1: state changes from ready to drain");
}

}  // namespace
}  // namespace aloha::supervisor
