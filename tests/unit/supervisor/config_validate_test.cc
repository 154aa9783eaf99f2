// Validation: what is accepted, what is warned about, and what no text can say but a caller's
// message can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> Check(const std::string& text, const Facts& facts = {}) {
  ParsedConfig checked = CheckConfig(text, facts);
  std::vector<std::string> lines;
  for (Problem& problem : checked.problems) {
    problem.line = 0;
    lines.push_back(FormatProblem(problem));
  }
  return lines;
}

constexpr char kTwoServers[] = R"(cas_server { name: "CAS1" address: "10.0.0.1" }
  cas_server { name: "CAS2" address: "10.0.0.2" } hub_server { name: "HUB1" address: "10.0.0.1" } )";
constexpr char kHttp[] = "http { mode: SSL_FORWARD redirect_http_port: 0 ";

TEST(ValidateTest, AcceptsManyServers) {
  std::string text = std::string(kHttp) + "} imap { mode: CLEAR } ";
  for (int i = 1; i <= 9; ++i) {
    text += "cas_server { name: \"CAS" + std::to_string(i) + "\" address: \"10.0.0." +
            std::to_string(i) + "\" }";
  }
  EXPECT_THAT(Check(text), IsEmpty());
}

TEST(ValidateTest, AnAreaWithoutServersIsIncompleteNotWrong) {
  EXPECT_THAT(
      Check("imap { mode: CLEAR } smtp { mode: CLEAR }"),
      ElementsAre("warning: imap: incomplete: no cas_server; nothing is bound until there is one",
                  "warning: smtp: incomplete: no hub_server; nothing is bound until there is one"));
  // What cannot run yet does not have to run there.
  EXPECT_THAT(Check("http { mode: SSL_OFFLOAD }"),
              ElementsAre(HasSubstr("warning: http: incomplete")));
}

TEST(ValidateTest, From2013OnTheCasServersTakeMail) {
  EXPECT_THAT(
      Check(std::string("exchange_version: EXCHANGE_2016 smtp { mode: CLEAR } ") + kHttp + "}" +
            R"(cas_server { name: "A" address: "::1" } cas_server { name: "B" address: "::2" })"),
      IsEmpty());
}

TEST(ValidateTest, DisabledAreasKeepTheirValues) {
  EXPECT_THAT(Check(std::string(kTwoServers) + kHttp + R"(}
                imap { mode: DISABLED certificate: "gone" starttls: REQUIRED virtual_port: 443 })"),
              IsEmpty());
}

TEST(ValidateTest, WarnsAsTheGuideDoes) {
  EXPECT_THAT(
      Check(R"(cas_server { name: "A" address: "10.0.0.1" } imap { mode: CLEAR })"),
      UnorderedElementsAre(
          "warning: cas_server[0]: the only server: when it fails, nothing takes over; add another",
          "warning: http: disabled: no Outlook Web App, ActiveSync, Autodiscover or "
          "Exchange Web Services"));
  EXPECT_THAT(
      Check(std::string(kTwoServers) + kHttp +
            "autodiscover: false exchange_web_services: false exchange_control_panel: false }"),
      UnorderedElementsAre(
          HasSubstr("http.exchange_control_panel: differs from http.outlook_web_app"),
          HasSubstr("http.autodiscover: off"), HasSubstr("http.exchange_web_services: off")));
  EXPECT_THAT(Check(std::string(kTwoServers) + kHttp +
                    "} rpc { client_access_port: 5000 } exchange_version: EXCHANGE_2013"),
              ElementsAre(HasSubstr("rpc: Exchange 2013 and later have no RPC over TCP"),
                          HasSubstr("rpc.client_access_port: 5000 is outside 59531 to 60554")));
}

TEST(ValidateTest, ATimeoutBelowTheNeedNamesWhoBreaks) {
  const auto lines = Check(std::string(kTwoServers) + kHttp + R"(timeout: "25s" }
    imap { mode: CLEAR timeout: "10m" } pop3 { mode: CLEAR timeout: "10m" }
    smtp { mode: CLEAR timeout: "299s" } rpc { timeout: "30m" })");
  EXPECT_THAT(lines,
              testing::Contains(HasSubstr("http.timeout: \"25s\" is less than 65m: phones")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("imap.timeout: \"10m\" is less than 30m")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("smtp.timeout: \"299s\" is less than 5m")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("rpc.timeout: \"30m\" is less than 40m")));
  EXPECT_THAT(lines, testing::Not(testing::Contains(HasSubstr("pop3.timeout"))));
  EXPECT_THAT(lines, testing::Each(testing::StartsWith("warning: ")));
}

TEST(ValidateTest, WhatIsSwitchedOffAndWhereReportsGoNeedsNoWarning) {
  EXPECT_THAT(Check(R"(management { web { enabled: false } grpc {} } network { managed: false }
                       high_availability { role: DISABLED }
                       alert { smtp_server: "10.0.0.1" port: 2525 from: "a@b" to: "c@d" }
                       log { syslog { address: "10.0.0.1" } })"),
              IsEmpty());
}

TEST(ValidateTest, CertificateFilesNeedTheirFolderAndCountAsCertificates) {
  const std::string text = R"(certificate_file { name: "mail" path: "mail.pem" }
                              http { mode: SSL_OFFLOAD certificate: "mail" })";
  Facts facts;
  EXPECT_THAT(Check(text, facts), testing::Contains(HasSubstr("needs the option --secrets-dir")));
  facts.secrets_dir = true;
  EXPECT_THAT(Check(text, facts), testing::Each(testing::StartsWith("warning: ")));
}

TEST(ValidateTest, WildcardsOfOtherFamiliesDoNotClash) {
  EXPECT_THAT(Check(R"(virtual_service { name: "a" listener { address: "0.0.0.0" port: 80 }
                         listener { address: "::" port: 80 } server { name: "s" address: "::1" port: 1 } }
                       virtual_service { name: "b" listener { address: "10.0.0.1" port: 81 }
                         listener { address: "10.0.0.2" port: 81 } server { name: "s" address: "::1" port: 1 } })"),
              IsEmpty());
}

TEST(ValidateTest, VirtualAddressesAreListenedOnToo) {
  EXPECT_THAT(
      Check(std::string(kTwoServers) + kHttp + R"(} listen_address: "10.0.0.3"
    high_availability { role: BACKUP virtual_address: "10.0.0.9/24" cluster_id: 1 }
    virtual_service { name: "x" listener { address: "10.0.0.9" port: 443 }
      server { name: "s" address: "10.0.0.1" port: 1 } })"),
      testing::Contains("error: virtual_service[0].listener[0]: 10.0.0.9:443 is taken by "
                        "http.virtual_https_port; change the address or port of one of them"));
}

TEST(ValidateTest, RefusesValuesThatNoTextCanHold) {
  config::v1::Config config;
  config.mutable_imap()->set_mode(static_cast<config::v1::Mail::Mode>(99));
  config.mutable_http()->set_mode(config::v1::Http::MODE_UNSPECIFIED);
  config.set_version_note("a\xff\n");
  config.set_listen_address("10.0.0.1\n");
  std::vector<std::string> lines;
  for (const Problem& problem : Validate(config, Facts{})) lines.push_back(FormatProblem(problem));
  EXPECT_THAT(lines,
              testing::Contains(HasSubstr("imap.mode: 99 is not a value of it; use DISABLED, ")));
  EXPECT_THAT(lines,
              testing::Contains(HasSubstr("http.mode: MODE_UNSPECIFIED is not a value of it")));
  EXPECT_THAT(lines, testing::Contains(HasSubstr("version_note: \"a\\xff\\x0a\" is not UTF-8")));
  EXPECT_THAT(lines, testing::Contains(
                         HasSubstr("listen_address: \"10.0.0.1\\x0a\" has control characters")));
}

TEST(ValidateTest, TheNumberOfProblemsIsBounded) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "cas_server {}";
  const auto lines = Check(text);
  ASSERT_EQ(lines.size(), 1001u);
  EXPECT_THAT(lines, testing::Contains("error: there are more problems; mend these first"));
}

TEST(ValidateTest, SaysEverythingAtOnceWithLines) {
  const ParsedConfig checked = CheckConfig(
      "imap {\n  mode: CLEAR\n  virtual_port: 70000\n}\n"
      "cas_server { name: \"a b\" }\n",
      Facts{});
  std::vector<std::string> lines;
  for (const Problem& problem : checked.problems) {
    if (problem.severity == Severity::kError) lines.push_back(FormatProblem(problem));
  }
  EXPECT_THAT(lines,
              ElementsAre("3:3: error: imap.virtual_port: 70000 is not a port; use 1 to 65535",
                          HasSubstr("5:1: error: cas_server[0].address: missing"),
                          HasSubstr("5:14: error: cas_server[0].name: \"a b\" is not a name")));
}

}  // namespace
}  // namespace aloha::supervisor
