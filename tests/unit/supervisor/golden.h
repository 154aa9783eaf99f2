// Golden files: scenarios as data, one pair NAME.textproto (input) and NAME.expected (output) each.
// ALOHA_UPDATE_GOLDEN=1 in the environment rewrites the outputs instead of comparing them.
#ifndef ALOHA_TESTS_UNIT_SUPERVISOR_GOLDEN_H_
#define ALOHA_TESTS_UNIT_SUPERVISOR_GOLDEN_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aloha::supervisor {

// Names of the scenarios of tests/golden/FOLDER, sorted.
std::vector<std::string> GoldenNames(const std::string& folder);
std::string GoldenInput(const std::string& folder, const std::string& name);
// The name of a scenario, as GoogleTest takes it.
std::string GoldenTestName(const testing::TestParamInfo<std::string>& scenario);
// Compares by EXPECT_EQ, or rewrites.
void ExpectGolden(const std::string& folder, const std::string& name, const std::string& output);

}  // namespace aloha::supervisor

#endif  // ALOHA_TESTS_UNIT_SUPERVISOR_GOLDEN_H_
