// alohactl vrrp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using worker::v1::VirtualRouterState;

admin::Vrrp Master() {
  admin::Vrrp vrrp;
  admin::VirtualRouter* router = vrrp.add_routers();
  router->set_interface("eth0");
  router->set_version(2);
  router->set_vrid(253);
  router->add_addresses("192.168.0.253");
  VirtualRouterState* state = router->mutable_state();
  state->set_name("ipv4");
  state->set_state(VirtualRouterState::MASTER);
  state->set_why("no advert for 3.6 s");
  state->set_priority(150);
  state->set_effective_priority(150);
  state->set_source("10.0.0.1");
  state->set_adverts_sent_total(77);
  (*state->mutable_dropped_total())["ttl"] = 4;
  (*state->mutable_dropped_total())["vrid"] = 0;
  auto* peer = state->add_peers();
  peer->set_address("10.0.0.2\033[31m");
  peer->set_priority(100);
  auto* transition = state->add_history();
  transition->set_from(VirtualRouterState::BACKUP);
  transition->set_to(VirtualRouterState::MASTER);
  transition->set_why("no advert for 3.6 s");
  return vrrp;
}

TEST(VrrpTest, ShowTellsStatePeersAndHistory) {
  FakeSupervisor supervisor;
  supervisor.high_availability.vrrp = Master();
  const Outcome shown = supervisor.Run({"vrrp", "show"});
  EXPECT_EQ(shown.code, kDone) << shown.err;
  for (const char* text : {"192.168.0.253", "MASTER", "no advert for 3.6 s", "10.0.0.2?[31m",
                           "4 ttl", "BACKUP", "253"}) {
    EXPECT_THAT(shown.out, HasSubstr(text));
  }
  EXPECT_THAT(shown.out, Not(HasSubstr("TROUBLE")));
  EXPECT_THAT(shown.out, Not(HasSubstr("0 vrid")));
}

TEST(VrrpTest, ShowTellsTrouble) {
  FakeSupervisor supervisor;
  supervisor.high_availability.vrrp = Master();
  VirtualRouterState* state = supervisor.high_availability.vrrp.mutable_routers(0)->mutable_state();
  state->set_effective_priority(9);
  state->set_two_masters(true);
  state->set_problem("eth0 is gone");
  state->add_hindrances()->set_reason("released by root");
  const Outcome shown = supervisor.Run({"vrrp", "show"});
  for (const char* text : {"9 of 150", "another node says that it is master too", "eth0 is gone",
                           "released by root"}) {
    EXPECT_THAT(shown.out, HasSubstr(text));
  }
}

TEST(VrrpTest, ShowTellsARouterThatDoesNotRun) {
  FakeSupervisor supervisor;
  supervisor.high_availability.vrrp = Master();
  supervisor.high_availability.vrrp.mutable_routers(0)->clear_state();
  EXPECT_THAT(supervisor.Run({"vrrp", "show"}).out, HasSubstr("not running"));
}

TEST(VrrpTest, ShowSpeaksJsonAndWatches) {
  FakeSupervisor supervisor;
  supervisor.high_availability.vrrp = Master();
  EXPECT_THAT(supervisor.Run({"-o", "json", "vrrp", "show"}).out, HasSubstr("\"vrid\": 253"));
  EXPECT_THAT(supervisor.Run({"-o", "textproto", "vrrp", "show"}).out, HasSubstr("state: MASTER"));
  const Outcome watched = supervisor.Run({"-o", "json", "vrrp", "show", "--watch"});
  EXPECT_EQ(watched.code, kDone) << watched.err;
  EXPECT_EQ(std::count(watched.out.begin(), watched.out.end(), '\n'), 2);
}

TEST(VrrpTest, WithoutHighAvailabilityItIsRefused) {
  FakeSupervisor supervisor;
  const Outcome shown = supervisor.Run({"vrrp", "show"});
  EXPECT_EQ(shown.code, kRefused);
  EXPECT_THAT(shown.err, HasSubstr("high availability is disabled"));
}

TEST(VrrpTest, ReleaseAndItsEnd) {
  FakeSupervisor supervisor;
  EXPECT_THAT(supervisor.Run({"vrrp", "release"}).out, HasSubstr("released"));
  EXPECT_FALSE(supervisor.high_availability.released.cancel());
  EXPECT_EQ(supervisor.Run({"vrrp", "release", "--cancel"}).code, kDone);
  EXPECT_TRUE(supervisor.high_availability.released.cancel());
}

}  // namespace
}  // namespace aloha::cli
