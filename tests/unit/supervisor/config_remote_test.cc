// The area "management.grpc": validated, compiled, planned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/compile.h"
#include "supervisor/config/plan.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Facts Known() {
  Facts facts;
  facts.trust_anchors.insert("corp");
  return facts;
}

CompileInput Input() {
  CompileInput input{.cores = 1};
  auto* certificate = input.certificates.add_certificate();
  certificate->set_name("mgmt");
  certificate->set_key("hash");
  certificate->add_chain("der");
  auto* anchor = input.certificates.add_trust_anchor();
  anchor->set_name("corp");
  anchor->add_certificate()->set_der("one");
  anchor->add_certificate()->set_der("other");
  return input;
}

std::string Text(const std::string& more = {},
                 const std::string& users = R"(user { subject: "CN=ops" role: OPERATOR })") {
  return "management { grpc { enabled: true ca: \"corp\" " + users + more + " } }";
}

Compiled CompileText(const std::string& text, const CompileInput& input = Input()) {
  const ParsedConfig checked = CheckConfig(text, Known());
  EXPECT_TRUE(checked.problems.empty()) << FormatProblem(checked.problems.front());
  return Compile(checked.config, input);
}

std::vector<std::string> ProblemsOf(const std::string& text) {
  std::vector<std::string> texts;
  for (const Problem& problem : CheckConfig(text, Known()).problems)
    texts.push_back(FormatProblem(problem));
  return texts;
}

std::vector<std::string> PlanOf(const Compiled& running, const Compiled& next) {
  std::vector<std::string> texts;
  for (const PlanStep& step : Plan(running, next)) texts.push_back(step.text);
  return texts;
}

TEST(RemoteConfigTest, ListensWhereItIsEnabled) {
  EXPECT_FALSE(CompileText("").gateway.has_management());
  const Compiled compiled = CompileText(Text(R"( allow_from: "10.0.0.0/8" port: 4500)"));
  const auto& management = compiled.gateway.management();
  EXPECT_EQ(management.listener().address(), "0.0.0.0");
  EXPECT_EQ(management.listener().port(), 4500U);
  EXPECT_THAT(management.allow_from(), ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(management.certificate().chain(0), "der");
  EXPECT_THAT(management.trust_anchors(), ElementsAre("one", "other"));
  EXPECT_EQ(compiled.keys.management_key(), "hash");
  EXPECT_EQ(compiled.keys.keys_size(), 0) << "aloha-tls may not use it";
  ASSERT_EQ(compiled.system.listeners_size(), 1);
}

TEST(RemoteConfigTest, WaitsForWhatIsNotAtHand) {
  CompileInput input = Input();
  input.certificates.clear_trust_anchor();
  const Compiled waiting = CompileText(Text(), input);
  EXPECT_FALSE(waiting.gateway.has_management());
  EXPECT_THAT(waiting.waiting,
              ElementsAre("management.grpc on 0.0.0.0:4443 waits for its trust anchor, \"corp\""));
  input.certificates.clear_certificate();
  EXPECT_THAT(CompileText(Text(), input).waiting,
              ElementsAre("management.grpc on 0.0.0.0:4443 waits for its certificate, \"mgmt\""));
}

TEST(RemoteConfigTest, PortsAreTakenOnce) {
  const std::string pair = R"( high_availability { role: MASTER cluster_id: 5 interface: "eth0"
                               virtual_address: "10.0.0.5" peer: "10.0.0.2" )";
  EXPECT_THAT(ProblemsOf(Text() + pair + "}"),
              Contains(HasSubstr("high_availability.link_port: 0.0.0.0:4443 is taken by "
                                 "management.grpc")));
  EXPECT_THAT(ProblemsOf(Text() + pair + "link_port: 4445 }"), ElementsAre());
}

TEST(RemoteConfigTest, SubjectsAreWrittenAsTheyAreCompared) {
  for (const char* good :
       {"CN=ops", "CN=ops,O=Example\\\\, Inc.", "CN=Zo\\\\C3\\\\AB", "UID=7+CN=x"})
    EXPECT_THAT(ProblemsOf(Text("", std::string("user { role: ADMIN subject: \"") + good + "\" }")),
                ElementsAre())
        << good;
  for (const char* bad :
       {"ops", "=ops", "CN = ops", "CN=ops, O=Example", "/CN=ops,O=x, y", "CN=Zoë"})
    EXPECT_THAT(ProblemsOf(Text("", std::string("user { role: ADMIN subject: \"") + bad + "\" }")),
                ElementsAre(HasSubstr("is not how a subject is written")))
        << bad;
}

TEST(RemoteConfigTest, PlanTellsWhoMayCall) {
  const Compiled none = CompileText(""), some = CompileText(Text());
  EXPECT_THAT(PlanOf(none, some),
              ElementsAre("management.grpc: listener 0.0.0.0:4443 opens",
                          "management.grpc: CN=ops may call, with the role OPERATOR"));
  CompileInput input = Input();
  input.certificates.mutable_certificate(0)->set_chain(0, "newer");
  input.certificates.mutable_trust_anchor(0)->mutable_certificate()->RemoveLast();
  EXPECT_THAT(PlanOf(some, CompileText(Text(R"( allow_from: "10.0.0.0/8")",
                                            R"(user { subject: "CN=ops" role: ADMIN }
                                       user { subject: "CN=mon" role: MONITOR })"),
                                       input)),
              ElementsAre("management.grpc: certificate mgmt is replaced",
                          HasSubstr("the trust anchor of clients changes"),
                          HasSubstr("who is served changes from everybody to 10.0.0.0/8"),
                          "management.grpc: CN=mon may call, with the role MONITOR",
                          "management.grpc: the role of CN=ops changes from OPERATOR to ADMIN"));
  EXPECT_THAT(PlanOf(some, none),
              ElementsAre(HasSubstr("closes"), "management.grpc: CN=ops may call no longer"));
}

}  // namespace
}  // namespace aloha::supervisor
