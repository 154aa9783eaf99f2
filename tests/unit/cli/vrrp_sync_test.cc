#include "cli/vrrp_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(VrrpSyncTest, SaysNothingOnANodeThatIsAlone) {
  FakeSupervisor supervisor;
  supervisor.synchronization.state.set_state(admin::SyncState::NOT_PAIRED);
  EXPECT_THAT(supervisor.Run({"vrrp", "show", "--sync"}).out, IsEmpty());
  EXPECT_THAT(supervisor.Run({"vrrp", "show", "--diff"}).out, HasSubstr("not paired"));
  supervisor.high_availability.vrrp.add_routers()->set_vrid(253);
  const Outcome shown = supervisor.Run({"vrrp", "show"});
  EXPECT_EQ(shown.code, kDone);
  EXPECT_THAT(shown.out, Not(HasSubstr("SYNC")));
}

TEST(VrrpSyncTest, TellsHowBothCompare) {
  FakeSupervisor supervisor;
  admin::SyncState& state = supervisor.synchronization.state;
  state.set_peer("lb2");
  state.set_state(admin::SyncState::CONFLICT);
  state.set_reason("both nodes were changed");
  state.mutable_counters()->set_stick_entries_sent_total(17);
  supervisor.high_availability.vrrp.add_routers()->set_vrid(253);
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"vrrp", "show"}, {"vrrp", "show", "--sync"}}) {
    const Outcome shown = supervisor.Run(line);
    EXPECT_EQ(shown.code, kDone) << shown.err;
    for (const char* text :
         {"lb2", "NOT IN SYNC: conflict", "both nodes were changed", "17", "never"})
      EXPECT_THAT(shown.out, HasSubstr(text));
    EXPECT_THAT(shown.out, Not(HasSubstr("imap")));
  }
  EXPECT_THAT(supervisor.Run({"vrrp", "show", "--diff"}).out, HasSubstr("-imap {\n+pop3 {\n"));
  EXPECT_THAT(supervisor.Run({"-o", "json", "vrrp", "show", "--diff"}).out,
              HasSubstr("\"state\": \"CONFLICT\""));
  EXPECT_EQ(supervisor.Run({"vrrp", "show", "--diff", "--watch"}).code, kUsage);
}

TEST(VrrpSyncTest, SyncMakesTheOtherFollow) {
  FakeSupervisor supervisor;
  EXPECT_THAT(supervisor.Run({"vrrp", "sync"}).out, HasSubstr("took over what this node has"));
}

}  // namespace
}  // namespace aloha::cli
