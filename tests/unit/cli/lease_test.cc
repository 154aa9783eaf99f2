// What udhcpc tells its script, and what is made of it.
#include "cli/lease.h"

#include <gtest/gtest.h>

#include <map>

namespace aloha::cli {
namespace {

using ::aloha::admin::v1::ReportLeaseRequest;
using Environment = std::map<std::string, std::string>;

auto Report(const std::string& reason, const Environment& environment) {
  return LeaseReport(reason, [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

const Environment kBound = {{"interface", "eth0"},
                            {"ip", "10.0.4.233"},
                            {"mask", "16"},
                            {"router", "10.0.1.1 10.0.1.2"},
                            {"dns", "10.0.0.2 10.0.0.3"},
                            {"ntpsrv", "10.0.0.4"},
                            {"serverid", "10.0.0.1"},
                            {"lease", "3600"}};

TEST(LeaseReportTest, TellsAWholeLease) {
  for (const char* reason : {"bound", "renew"}) {
    const auto report = Report(reason, kBound);
    ASSERT_TRUE(report && *report);
    EXPECT_EQ((*report)->outcome(), ReportLeaseRequest::BOUND);
    EXPECT_EQ((*report)->interface(), "eth0");
    const auto& lease = (*report)->lease();
    EXPECT_EQ(lease.address(), "10.0.4.233/16");
    EXPECT_EQ(lease.router(), "10.0.1.1");
    EXPECT_EQ(lease.dns_servers_size(), 2);
    EXPECT_EQ(lease.ntp_servers(0), "10.0.0.4");
    EXPECT_EQ(lease.server(), "10.0.0.1");
    EXPECT_EQ(lease.seconds(), 3600u);
  }
}

TEST(LeaseReportTest, TellsThatThereIsNone) {
  const Environment environment = {{"interface", "eth0"}};
  EXPECT_EQ((*Report("nak", environment))->outcome(), ReportLeaseRequest::LOST);
  EXPECT_EQ((*Report("leasefail", environment))->outcome(), ReportLeaseRequest::NO_ANSWER);
  // It comes at the client's start, when a lease of before still holds.
  EXPECT_EQ(*Report("deconfig", environment), std::nullopt);
}

TEST(LeaseReportTest, RefusesWhatIsNoCallOfAClient) {
  EXPECT_FALSE(Report("bound", {}));
  EXPECT_FALSE(Report("", {{"interface", "eth0"}}));
  for (const char* needed : {"mask", "lease"}) {
    Environment environment = kBound;
    for (const char* wrong : {"", "x", "-1", "1 ", "99999999999"}) {
      environment[needed] = wrong;
      EXPECT_FALSE(Report("bound", environment)) << needed << wrong;
    }
  }
}

TEST(LeaseReportTest, LeavesOutWhatIsNoPlainText) {
  Environment environment = kBound;
  environment["dns"] = "10.0.0.2 \x1b[2J " + std::string(500, 'x') + " 10.0.0.3";
  environment["router"] = "\xff\xfe";
  const auto report = Report("bound", environment);
  ASSERT_TRUE(report && *report);
  EXPECT_EQ((*report)->lease().dns_servers_size(), 2);
  EXPECT_EQ((*report)->lease().router(), "");
}

}  // namespace
}  // namespace aloha::cli
