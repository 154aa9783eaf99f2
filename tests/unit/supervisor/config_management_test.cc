// The area "management", compiled and planned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/compile.h"
#include "supervisor/config/plan.h"
#include "supervisor/config/validate.h"

namespace aloha::supervisor {
namespace {

Compiled CompileText(const std::string& text) {
  const ParsedConfig checked = CheckConfig(text, Facts{});
  EXPECT_TRUE(checked.problems.empty()) << FormatProblem(checked.problems.front());
  return Compile(checked.config, {.cores = 1});
}

TEST(ManagementTest, MetricsListenWhereTheyAreEnabled) {
  EXPECT_FALSE(CompileText("management { metrics { port: 9200 } }").wui.has_metrics());
  const Compiled defaults = CompileText("management { metrics { enabled: true } }");
  EXPECT_EQ(defaults.wui.metrics().listener().address(), "127.0.0.1");
  EXPECT_EQ(defaults.wui.metrics().listener().port(), 9101u);
  ASSERT_EQ(defaults.system.listeners_size(), 1);
  EXPECT_EQ(defaults.system.listeners(0).port(), 9101u);
  const Compiled chosen = CompileText(
      R"(management { metrics { enabled: true address: "0:0::1" port: 9200
                                allow_from: "10.0.0.0/8" } })");
  EXPECT_EQ(chosen.wui.metrics().listener().address(), "::1");
  EXPECT_EQ(chosen.wui.metrics().listener().port(), 9200u);
  EXPECT_THAT(chosen.wui.metrics().allow_from(), testing::ElementsAre("10.0.0.0/8"));
}

TEST(ManagementTest, PlanTellsTheListener) {
  const Compiled none = CompileText("");
  const Compiled some = CompileText("management { metrics { enabled: true } }");
  const auto opened = Plan(none, some);
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].kind, PlanKind::kListenerOpened);
  EXPECT_EQ(opened[0].text, "management.metrics: listener 127.0.0.1:9101 opens");
  ASSERT_EQ(Plan(some, none).size(), 1u);
  EXPECT_EQ(Plan(some, none)[0].kind, PlanKind::kListenerClosed);
}

TEST(ManagementTest, TheWebInterfaceListensOnceItsCertificateIsThere) {
  const std::string text = R"(management { web { enabled: true allow_from: "10.0.0.0/8" } })";
  const Compiled waiting = CompileText(text);
  EXPECT_FALSE(waiting.wui.has_web());
  EXPECT_THAT(
      waiting.waiting,
      testing::ElementsAre("management.web on 0.0.0.0:4444 waits for its certificate, \"wui\""));
  CompileInput input{.cores = 1};
  auto* stored = input.certificates.add_certificate();
  stored->set_name("wui");
  stored->set_key("hash");
  stored->add_chain("der");
  const Compiled compiled = Compile(CheckConfig(text, Facts{}).config, input);
  EXPECT_EQ(compiled.wui.web().listener().address(), "0.0.0.0");
  EXPECT_EQ(compiled.wui.web().listener().port(), 4444u);
  EXPECT_FALSE(compiled.wui.web().listener().tls());
  EXPECT_EQ(compiled.wui.web().certificate().chain(0), "der");
  EXPECT_THAT(compiled.wui.web().allow_from(), testing::ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(compiled.keys.web_key(), "hash");
  EXPECT_EQ(compiled.keys.keys_size(), 0) << "aloha-tls may not use it";
  ASSERT_EQ(compiled.system.listeners_size(), 1);
  const auto steps = Plan(CompileText(""), compiled);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].text, "management.web: listener 0.0.0.0:4444 opens");
}

}  // namespace
}  // namespace aloha::supervisor
