// What of aloha-vrrp's state becomes an event, and what is wrong with a service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/vrrp/news.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using State = worker::v1::VirtualRouterState;

// A router with a history, given oldest first.
worker::v1::VrrpState Router(
    const std::vector<std::tuple<State::State, State::State, int64_t>>& history) {
  worker::v1::VrrpState state;
  State* router = state.add_routers();
  router->set_name("ipv4");
  for (auto at = history.rbegin(); at != history.rend(); ++at) {
    auto* transition = router->add_history();
    transition->set_from(std::get<0>(*at));
    transition->set_to(std::get<1>(*at));
    transition->set_time_us(std::get<2>(*at));
    transition->set_why("because");
  }
  return state;
}

std::vector<std::string> Texts(const worker::v1::VrrpState& before,
                               const worker::v1::VrrpState& now, int64_t told = 0) {
  std::vector<std::string> texts;
  for (const VrrpNews& news : NewsOf(before, now, told)) texts.push_back(news.text);
  return texts;
}

TEST(VrrpNewsTest, TransitionsAreToldOnceInTheirOrder) {
  const auto one = Router({{State::FAULT, State::BACKUP, 10}});
  const auto three = Router({{State::FAULT, State::BACKUP, 10},
                             {State::BACKUP, State::MASTER, 20},
                             {State::MASTER, State::BACKUP, 30}});
  EXPECT_THAT(Texts({}, one), ElementsAre("FAULT to BACKUP: because"));
  EXPECT_THAT(Texts(one, three),
              ElementsAre("BACKUP to MASTER: because", "MASTER to BACKUP: because"));
  EXPECT_THAT(Texts(three, three), ElementsAre());
}

TEST(VrrpNewsTest, WhatAnEarlierSupervisorToldIsNotToldAgain) {
  const auto state =
      Router({{State::FAULT, State::BACKUP, 10}, {State::BACKUP, State::MASTER, 20}});
  EXPECT_THAT(Texts({}, state, 10), ElementsAre("BACKUP to MASTER: because"));
  EXPECT_THAT(Texts({}, state, 99), ElementsAre());
}

TEST(VrrpNewsTest, ALongHistoryIsToldWhole) {
  const auto before = Router({{State::FAULT, State::BACKUP, 1}});
  EXPECT_EQ(Texts(before, Router({{State::BACKUP, State::MASTER, 20}})).size(), 1u);
}

TEST(VrrpNewsTest, SeveritiesSayWhatMatters) {
  const auto severity = [](State::State from, State::State to) {
    return NewsOf({}, Router({{from, to, 1}}), 0).front().severity;
  };
  EXPECT_EQ(severity(State::BACKUP, State::MASTER), Event::INFO);
  EXPECT_EQ(severity(State::MASTER, State::BACKUP), Event::WARNING);
  EXPECT_EQ(severity(State::MASTER, State::FAULT), Event::ERROR);
  EXPECT_EQ(NewsOf({}, Router({{State::BACKUP, State::MASTER, 1}}), 0).front().entered, "MASTER");
}

TEST(VrrpNewsTest, OtherMastersAndTroubleBeginAndEnd) {
  worker::v1::VrrpState well = Router({}), ill = Router({});
  ill.mutable_routers(0)->set_two_masters(true);
  ill.mutable_routers(0)->set_problem("no such\ninterface");
  const auto begun = NewsOf(well, ill, 0);
  ASSERT_EQ(begun.size(), 2u);
  EXPECT_EQ(begun[0].severity, Event::ERROR);
  EXPECT_EQ(begun[1].severity, Event::ERROR);
  EXPECT_EQ(begun[1].text, "no such\\x0ainterface");
  EXPECT_THAT(Texts(ill, well), ElementsAre("one master again", "the addresses could be set"));
  EXPECT_TRUE(TroubleOf(well).empty());
  EXPECT_EQ(TroubleOf(ill), "ipv4: no such\\x0ainterface");
}

TEST(VrrpNewsTest, AFaultIsTrouble) {
  worker::v1::VrrpState state = Router({});
  state.mutable_routers(0)->set_state(State::FAULT);
  state.mutable_routers(0)->set_why("eth0 has no carrier");
  EXPECT_EQ(TroubleOf(state), "ipv4: FAULT: eth0 has no carrier");
}

}  // namespace
}  // namespace aloha::supervisor
