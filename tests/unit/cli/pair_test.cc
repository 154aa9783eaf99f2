#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

int64_t InSeconds(int64_t seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds;
}

class Pair : public testing::Test {
 protected:
  FakeSupervisor supervisor_;
};

TEST_F(Pair, PrintsTheCodeAloneOnStandardOutput) {
  supervisor_.high_availability.code.set_code("AAAAA-BBBBB");
  supervisor_.high_availability.code.set_expires_s(InSeconds(600));
  supervisor_.high_availability.code.set_port(4443);
  const Outcome outcome = supervisor_.Run({"vrrp", "pair"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.out, "AAAAA-BBBBB\n");
  EXPECT_THAT(outcome.err, HasSubstr("alohactl vrrp pair ADDRESS CODE"));
  EXPECT_THAT(outcome.err, Not(HasSubstr(":4443")));
  supervisor_.high_availability.code.set_port(4500);
  EXPECT_THAT(supervisor_.Run({"vrrp", "pair"}).err, HasSubstr(":4500 behind it"));
}

TEST_F(Pair, Joins) {
  const Outcome outcome = supervisor_.Run({"vrrp", "pair", "10.0.0.17", "AAAAA-BBBBB"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.out, "lb1: paired\n");
  EXPECT_EQ(supervisor_.high_availability.paired.address(), "10.0.0.17");
  EXPECT_EQ(supervisor_.high_availability.paired.code(), "AAAAA-BBBBB");
}

TEST_F(Pair, Lists) {
  admin::Nodes& nodes = supervisor_.high_availability.nodes;
  nodes.set_fingerprint("0123");
  EXPECT_THAT(supervisor_.Run({"vrrp", "pair", "--list"}).out, HasSubstr("this  0123"));
  nodes.mutable_peer()->set_name("lb2");
  nodes.mutable_peer()->mutable_link()->set_reason("10.0.0.18:4443: Connection refused");
  nodes.set_code_expires_s(InSeconds(60));
  const std::string out = supervisor_.Run({"vrrp", "pair", "--list"}).out;
  EXPECT_THAT(out, HasSubstr("not connected"));
  EXPECT_THAT(out, HasSubstr("Connection refused\n"));
  EXPECT_THAT(out, HasSubstr("A pairing code waits"));
}

TEST_F(Pair, RemovesWhenToldTwice) {
  const Outcome asked = supervisor_.Run({"vrrp", "pair", "--remove"});
  EXPECT_EQ(asked.code, kRefused);
  EXPECT_FALSE(supervisor_.high_availability.removed);
  EXPECT_EQ(supervisor_.Run({"vrrp", "pair", "--remove", "--yes"}).code, kDone);
  EXPECT_TRUE(supervisor_.high_availability.removed);
}

TEST_F(Pair, RefusesHalfACommand) {
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"vrrp", "pair", "10.0.0.17"},
                                             {"vrrp", "pair", "--list", "--remove"},
                                             {"vrrp", "pair", "--yes"},
                                             {"vrrp", "pair", "10.0.0.17", "AAAAA", "--remove"}}) {
    EXPECT_EQ(supervisor_.Run(line).code, kUsage) << line.back();
  }
}

}  // namespace
}  // namespace aloha::cli
