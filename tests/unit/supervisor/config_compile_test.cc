// Compilation: scenarios as golden files, and properties that hold for all of them.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <set>

#include "supervisor/config/compile.h"
#include "supervisor/config/exchange.h"
#include "supervisor/config/factory.h"
#include "supervisor/config/persistence_secret.h"
#include "supervisor/config/print.h"
#include "supervisor/config/validate.h"
#include "tests/unit/supervisor/golden.h"

namespace aloha::supervisor {
namespace {

ParsedConfig MustCheck(const std::string& text) {
  ParsedConfig checked = CheckConfig(
      text,
      {.certificates = {"mail", "mail-ecdsa"}, .trust_anchors = {"corp"}, .secrets_dir = true});
  for (const Problem& problem : checked.problems) {
    EXPECT_NE(problem.severity, Severity::kError) << FormatProblem(problem);
  }
  return checked;
}

config::v1::StoredCertificates GoldenCertificates() {
  config::v1::StoredCertificates stored;
  for (const char* name : {"mail", "mail-ecdsa", kSelfSigned}) {
    config::v1::StoredCertificate* certificate = stored.add_certificate();
    certificate->set_name(name);
    certificate->set_key(fmt::format("key of {}", name));
    certificate->add_chain(fmt::format("DER of {}", name));
  }
  config::v1::StoredTrustAnchor* anchor = stored.add_trust_anchor();
  anchor->set_name("corp");
  anchor->add_certificate()->set_der("DER of corp");
  return stored;
}

config::v1::NetworkLease GoldenLease() {
  config::v1::NetworkLease lease;
  lease.set_interface("eth1");
  lease.set_address("10.0.4.233/16");
  lease.set_router("10.0.1.1");
  lease.add_dns_server("10.0.0.3");
  lease.add_ntp_server("10.0.0.4");
  return lease;
}

// The same on every machine.
CompileInput GoldenInputs() {
  return {.cores = 4,
          .secret = std::string(kSecretBytes, 's'),
          .pages = {{"/etc/aloha/503.html", "<p>Come back later.</p>"},
                    {"/etc/aloha/404.txt", "Not here."}},
          .certificates = GoldenCertificates(),
          .system_anchors = {"DER of the operating system"},
          .networks = {{*ParseNetwork("10.0.0.0/16"), "eth0"},
                       {*ParseNetwork("10.0.8.0/24"), "eth1"},
                       {*ParseNetwork("2001:db8::/64"), "eth2"}},
          .default_interface = "eth0",
          .lease = GoldenLease()};
}

class CompileTest : public testing::TestWithParam<std::string> {};

TEST_P(CompileTest, MakesTheSnapshots) {
  const ParsedConfig checked = MustCheck(GoldenInput("compile", GetParam()));
  const Compiled compiled = Compile(checked.config, GoldenInputs());
  std::string output;
  for (const Problem& problem : checked.problems) {
    output += fmt::format("# {}\n", FormatProblem(problem));
  }
  for (const CompiledArea& area : compiled.areas) {
    output += fmt::format("# area {}: {}", area.name, AreaStateName(area.state));
    if (!area.reason.empty()) output += fmt::format(" ({})", area.reason);
    for (const std::string& service : area.services) output += " " + service;
    output += "\n";
  }
  const MachineSettings& machine = compiled.machine;
  if (machine != MachineSettings()) {
    output += fmt::format("# machine: \"{}\" DNS {} NTP {}\n", machine.hostname,
                          machine.dns_servers, machine.ntp_servers);
  }
  worker::v1::Snapshot proxy, health, system, tls, keys, vrrp;
  *proxy.mutable_proxy() = compiled.proxy;
  *health.mutable_health() = compiled.health;
  *system.mutable_system() = compiled.system;
  output += PrintText(proxy) + PrintText(health) + PrintText(system);
  if (compiled.tls.listeners_size() + compiled.tls.servers_size() > 0) {
    *tls.mutable_tls() = compiled.tls;
    *keys.mutable_keys() = compiled.keys;
    output += PrintText(tls) + PrintText(keys);
  }
  if (compiled.vrrp.routers_size() > 0) {
    *vrrp.mutable_vrrp() = compiled.vrrp;
    output += PrintText(vrrp);
  }
  if (!compiled.no_interface.empty()) output += fmt::format("# {}\n", compiled.no_interface);
  ExpectGolden("compile", GetParam(), output);
}

TEST_P(CompileTest, MakesWhatWorkersExpect) {
  const ParsedConfig checked = MustCheck(GoldenInput("compile", GetParam()));
  const Compiled compiled = Compile(checked.config, GoldenInputs());
  std::set<std::string> ids, services, listeners, tables, routed;
  for (const auto& check : compiled.health.checks()) EXPECT_TRUE(ids.insert(check.id()).second);
  for (const auto& service : compiled.proxy.services()) {
    EXPECT_TRUE(services.insert(service.name()).second);
    for (const auto& route : service.http().routes()) routed.insert(route.service());
    for (const auto& listener : service.listeners()) {
      EXPECT_TRUE(listeners.insert(PrintText(listener)).second);
    }
  }
  for (const auto& table : compiled.proxy.stick_tables()) tables.insert(table.name());
  for (const auto& service : compiled.proxy.services()) {
    EXPECT_TRUE(service.listeners_size() > 0 || routed.contains(service.name()) ||
                !compiled.waiting.empty());
    EXPECT_TRUE(service.servers_size() > 0 || service.has_http());
    for (const auto& route : service.http().routes()) {
      EXPECT_TRUE(route.service().empty() || services.contains(route.service()));
    }
    for (const auto& name : {service.stick_table(), service.authorization_table()}) {
      EXPECT_TRUE(name.empty() || tables.contains(name));
    }
    for (const auto& server : service.servers()) {
      EXPECT_NE(server.cookie().empty(), service.has_cookie());
    }
  }
  // aloha-gateway has one where nodes share addresses.
  const size_t links = compiled.gateway.has_listener() ? 1 : 0;
  EXPECT_EQ(static_cast<size_t>(compiled.system.listeners_size()), listeners.size() + links);
  for (const auto& target : compiled.health.targets()) {
    EXPECT_TRUE(services.contains(target.service()));
    for (const std::string& id : target.check_ids()) EXPECT_TRUE(ids.contains(id));
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, CompileTest, testing::ValuesIn(GoldenNames("compile")),
                         GoldenTestName);

constexpr char kMail[] = R"(
  cas_server { name: "CAS1" address: "10.0.0.1" } cas_server { name: "CAS2" address: "10.0.0.2" }
  imap { mode: CLEAR } pop3 { mode: CLEAR }
  virtual_service { name: "other" listener { port: 8080 }
    server { name: "CAS1" address: "10.0.0.1" port: 80 } })";

worker::v1::AdminState StateIn(const Compiled& compiled, const std::string& service,
                               const std::string& server) {
  for (const auto& s : compiled.proxy.services()) {
    for (const auto& t : s.servers()) {
      if (s.name() == service && t.name() == server) return t.admin_state();
    }
  }
  return worker::v1::ADMIN_STATE_UNSPECIFIED;
}

TEST(CompileStatesTest, ABareServerNameMeansEveryExchangeService) {
  config::v1::ServerStates states;
  auto* entry = states.add_server();
  entry->set_server("CAS1");
  entry->set_state(worker::v1::ADMIN_STATE_DRAIN);
  entry = states.add_server();
  entry->set_service("pop3");
  entry->set_server("CAS1");
  entry->set_state(worker::v1::ADMIN_STATE_MAINTENANCE);
  const Compiled compiled = Compile(MustCheck(kMail).config, {.states = states, .cores = 1});
  EXPECT_EQ(StateIn(compiled, "imap", "CAS1"), worker::v1::ADMIN_STATE_DRAIN);
  EXPECT_EQ(StateIn(compiled, "imap", "CAS2"), worker::v1::ADMIN_STATE_READY);
  EXPECT_EQ(StateIn(compiled, "pop3", "CAS1"), worker::v1::ADMIN_STATE_MAINTENANCE);
  EXPECT_EQ(StateIn(compiled, "other", "CAS1"), worker::v1::ADMIN_STATE_READY);
}

TEST(CompileThreadsTest, OnePerCoreUnlessToldOtherwise) {
  config::v1::Config config;
  EXPECT_EQ(Compile(config, {.cores = 6}).proxy.threads(), 6u);
  EXPECT_EQ(Compile(config, {.cores = 0}).proxy.threads(), 1u);
  EXPECT_EQ(Compile(config, {.cores = 500}).proxy.threads(), 64u);
  config.mutable_performance()->set_proxy_threads(3);
  EXPECT_EQ(Compile(config, {.cores = 6}).proxy.threads(), 3u);
}

TEST(FactoryConfigTest, IsValidAndBindsTheWebInterfaceAlone) {
  EXPECT_FALSE(HasErrors(Validate(FactoryConfig(), Facts{})));
  CompileInput input{.cores = 2};
  input.certificates.add_certificate()->set_name("wui");
  const Compiled compiled = Compile(FactoryConfig(), input);
  ASSERT_EQ(compiled.system.listeners_size(), 1);
  EXPECT_EQ(compiled.system.listeners(0).port(), 4444u);
  EXPECT_EQ(compiled.areas[0].state, AreaState::kIncomplete);  // http
  EXPECT_EQ(compiled.areas[1].state, AreaState::kDisabled);    // imap
  EXPECT_EQ(compiled.areas[4].state, AreaState::kIncomplete);  // rpc
}

TEST(FactoryConfigTest, IsTheFileThatIsInstalled) {
  const auto text =
      ReadConfigFile(std::string(ALOHA_SOURCE_DIR) + "/deploy/config/aloha.textproto");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(PrintText(MustCheck(*text).config), PrintText(FactoryConfig()));
}

TEST(ExampleConfigTest, NamesEveryFieldAndParses) {
  const auto text =
      ReadConfigFile(std::string(ALOHA_SOURCE_DIR) + "/deploy/config/example.textproto");
  ASSERT_TRUE(text) << text.error().message;
  const ParsedConfig parsed = ParseConfig(*text);
  for (const Problem& problem : parsed.problems) ADD_FAILURE() << FormatProblem(problem);
  // Every field of every message stands in it, at least in a comment.
  const auto* file = config::v1::Config::descriptor()->file();
  for (const auto* part : {file, file->dependency(0), file->dependency(1)}) {
    for (int m = 0; m < part->message_type_count(); ++m) {
      for (int f = 0; f < part->message_type(m)->field_count(); ++f) {
        const std::string& name = part->message_type(m)->field(f)->name();
        EXPECT_NE(text->find(name), std::string::npos)
            << part->message_type(m)->name() << "." << name;
      }
    }
  }
}

}  // namespace
}  // namespace aloha::supervisor
