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
