#include "workers/system/keeper_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeeperProtocol, ReportsComeBackAsTheyWent) {
  using Kind = KeeperReport::Kind;
  for (const KeeperReport& report :
       {KeeperReport{Kind::kReady}, KeeperReport{Kind::kFailed, 0, 0, "fork: no memory"},
        KeeperReport{Kind::kStarted, 4711}, KeeperReport{Kind::kEnded, 4711, 9}}) {
    const auto decoded = DecodeReport(EncodeReport(report));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->kind, report.kind);
    EXPECT_EQ(decoded->pid, report.pid);
    EXPECT_EQ(decoded->wait_status, report.wait_status);
    EXPECT_EQ(decoded->reason, report.reason);
  }
}

TEST(KeeperProtocol, RefusesOtherReports) {
  for (const char* packet :
       {"", "readyy", "started", "started ", "started x", "started 0", "started -1", "started 1 ",
        "ended 1", "ended 1 ", "ended 1 2 3", "ended 99999999999 1", "hello"}) {
    EXPECT_FALSE(DecodeReport(packet)) << packet;
  }
}

TEST(KeeperProtocol, StartCarriesArguments) {
  EXPECT_THAT(*DecodeStart(EncodeStart({})), IsEmpty());
  const std::string arguments[] = {"--log-level", "", "info"};
  EXPECT_THAT(*DecodeStart(EncodeStart(arguments)), ElementsAre("--log-level", "", "info"));
  EXPECT_FALSE(DecodeStart(""));
  EXPECT_FALSE(DecodeStart("starting"));
  EXPECT_FALSE(DecodeStart("stop"));
}

}  // namespace
}  // namespace aloha
