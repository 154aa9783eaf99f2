// Broken configurations as data files, each with the exact messages.
#include <gtest/gtest.h>

#include "supervisor/config/error_page.h"
#include "supervisor/config/validate.h"
#include "tests/unit/supervisor/golden.h"

namespace aloha::supervisor {
namespace {

class BrokenConfigTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenConfigTest, SaysExactlyWhatIsWrong) {
  Facts facts;
  facts.certificates = {"mail"};
  facts.trust_anchors = {"corp"};
  facts.read_page = ReadErrorPage;
  facts.networks = {{*ParseNetwork("10.0.0.0/16"), "eth0"},
                    {*ParseNetwork("192.168.0.0/24"), "eth0"},
                    {*ParseNetwork("2001:db8::/64"), "eth0"}};
  const ParsedConfig checked = CheckConfig(GoldenInput("broken", GetParam()), facts);
  EXPECT_TRUE(HasErrors(checked.problems));
  std::string output;
  for (const Problem& problem : checked.problems) {
    EXPECT_EQ(problem.message.find('\n'), std::string::npos);
    output += FormatProblem(problem) + "\n";
  }
  ExpectGolden("broken", GetParam(), output);
}

INSTANTIATE_TEST_SUITE_P(Golden, BrokenConfigTest, testing::ValuesIn(GoldenNames("broken")),
                         GoldenTestName);

TEST(BrokenConfigsTest, ThereAreAtLeastNinety) { EXPECT_GE(GoldenNames("broken").size(), 90u); }

}  // namespace
}  // namespace aloha::supervisor
