// Who becomes master, when, and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/vrrp/lan.h"

namespace aloha::vrrp {
namespace {

using testing::HasSubstr;

TEST(Election, ALoneNodeBecomesMasterAfterThreeIntervalsAndItsSkew) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 100);
  EXPECT_TRUE(node.backup());
  const Duration took = lan.RunUntil([&] { return node.master(); });
  EXPECT_EQ(took, 3s + Duration(1s) * (256 - 100) / 256);
  EXPECT_TRUE(node.holds);
  EXPECT_EQ(node.router->why(), "no other master within 3.61 s");
  ASSERT_EQ(node.adverts.size(), 1u);  // at once
  EXPECT_EQ(node.adverts[0].second, 100);
  lan.Run(10s);
  EXPECT_EQ(node.adverts.size(), 11u);
  for (size_t i = 1; i < node.adverts.size(); ++i) {
    EXPECT_EQ(node.adverts[i].first - node.adverts[i - 1].first, 1s);
  }
}

TEST(Election, Version2CountsItsSkewInSecondsWhateverTheInterval) {
  Lan lan;
  lan.base.version = 2;
  lan.base.interval = 4s;
  Node& node = lan.Add("10.0.0.1", 100);
  EXPECT_EQ(lan.RunUntil([&] { return node.master(); }), 12s + Duration(1s) * (256 - 100) / 256);
}

TEST(Election, TheHigherPriorityWins) {
  Lan lan;
  Node& low = lan.Add("10.0.0.9", 100);
  Node& high = lan.Add("10.0.0.1", 150);
  lan.RunUntil([&] { return lan.masters() > 0; });
  EXPECT_TRUE(high.master());
  lan.Run(20s);
  EXPECT_TRUE(high.master());
  EXPECT_TRUE(low.backup());
  EXPECT_FALSE(low.holds);
  EXPECT_EQ(low.adverts.size(), 0u);
}

TEST(Election, TheHigherAddressWinsATie) {
  Lan lan;
  Node& low = lan.Add("10.0.0.9", 100);
  Node& high = lan.Add("10.0.0.10", 100);
  lan.Run(10s);
  EXPECT_TRUE(high.master());
  EXPECT_TRUE(low.backup());
  if (!low.adverts.empty()) {
    EXPECT_THAT(low.router->why(), HasSubstr("the higher address"));
  }
}

TEST(Election, BackupsTakeOverInTheOrderOfTheirPriorities) {
  for (const bool goodbye : {false, true}) {
    Lan lan;
    lan.base.interval = 10ms;
    Node& master = lan.Add("10.0.0.1", 200);
    Node& first = lan.Add("10.0.0.2", 120);
    Node& second = lan.Add("10.0.0.3", 119);
    lan.Run(2s);
    ASSERT_TRUE(master.master());
    if (goodbye) master.router->Stop(true, lan.now);
    master.Kill();
    lan.RunUntil([&] { return lan.masters() > 0; });
    EXPECT_TRUE(first.master());
    EXPECT_TRUE(second.backup());
  }
}

TEST(Election, ADeadMasterIsMissedAfter36Milliseconds) {
  Lan lan;
  lan.base.interval = 10ms;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(2s);
  ASSERT_TRUE(master.master());
  master.Kill();
  const Duration took = lan.RunUntil([&] { return backup.master(); });
  EXPECT_LE(took, 37ms);
  EXPECT_GE(took, 26ms);
  EXPECT_EQ(backup.router->why(), "no advert for 36.1 ms");
}

TEST(Election, AGoodbyeIsFollowedWithin5Milliseconds) {
  for (const int version : {2, 3}) {
    Lan lan;
    lan.base.version = static_cast<uint8_t>(version);
    Node& master = lan.Add("10.0.0.1", 150);
    Node& backup = lan.Add("10.0.0.2", 1);
    lan.Run(10s);
    ASSERT_TRUE(master.master());
    master.router->Stop(true, lan.now);
    EXPECT_EQ(master.adverts.back().second, 0);
    const Duration took = lan.RunUntil([&] { return backup.master(); });
    EXPECT_LE(took, 5ms + lan.latency);
    EXPECT_EQ(backup.router->why(), "10.0.0.1 gave up (priority 0)");
    EXPECT_FALSE(master.holds);
    EXPECT_EQ(master.router->next_due(), TimePoint::max());
  }
}

TEST(Election, AGoodbyeOfOneWhoIsNotTheMasterChangesNothing) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  Node& other = lan.Add("10.0.0.3", 90);
  lan.Run(10s);
  other.SendAdvert(*other.router, 0);
  lan.Run(10s);
  EXPECT_TRUE(master.master());
  EXPECT_TRUE(backup.backup());
  EXPECT_EQ(backup.adverts.size(), 0u);
  for (Node* node : {&master, &backup}) EXPECT_EQ(node->Report().dropped_total().at("other"), 1u);
}

TEST(Election, PreemptsALesserMaster) {
  Lan lan;
  Node& low = lan.Add("10.0.0.1", 100);
  lan.Run(10s);
  ASSERT_TRUE(low.master());
  Node& high = lan.Add("10.0.0.2", 150);
  const Duration took = lan.RunUntil([&] { return high.master(); });
  EXPECT_LE(took, 3s + Duration(1s) * (256 - 150) / 256);
  EXPECT_EQ(high.router->why(), "10.0.0.1 has priority 100, this node 150");
  lan.Run(1ms);
  EXPECT_TRUE(low.backup());
  EXPECT_EQ(low.router->why(), "10.0.0.2 has priority 150, this node 100");
  EXPECT_FALSE(low.holds);
}

TEST(Election, WithoutPreemptALesserMasterStays) {
  Lan lan;
  lan.base.preempt = false;
  Node& low = lan.Add("10.0.0.1", 100);
  lan.Run(10s);
  Node& high = lan.Add("10.0.0.2", 150);
  lan.Run(60s);
  EXPECT_TRUE(low.master());
  EXPECT_TRUE(high.backup());
  low.Kill();
  lan.Run(5s);
  EXPECT_TRUE(high.master());
}

TEST(Election, PreemptsAfterTheDelayAndNotBefore) {
  Lan lan;
  Node& low = lan.Add("10.0.0.1", 100);
  lan.Run(10s);
  Node& high = lan.Add("10.0.0.2", 150, [](RouterSpec& spec) { spec.preempt_delay = 30s; });
  const Duration took = lan.RunUntil([&] { return high.master(); });
  EXPECT_GE(took, 30s);
  EXPECT_LE(took, 32s);
  lan.Run(1ms);
  EXPECT_TRUE(low.backup());
}

TEST(Election, ADeadLesserMasterIsMissedWithinThePreemptDelay) {
  Lan lan;
  Node& low = lan.Add("10.0.0.1", 100);
  lan.Run(10s);
  Node& high = lan.Add("10.0.0.2", 150, [](RouterSpec& spec) { spec.preempt_delay = 3600s; });
  lan.Run(20s);
  ASSERT_TRUE(low.master());
  low.Kill();
  EXPECT_LE(lan.RunUntil([&] { return high.master(); }), 3500ms);
}

TEST(Election, ABackupGoesByTheMastersInterval) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150, [](RouterSpec& spec) { spec.interval = 3s; });
  Node& backup = lan.Add("10.0.0.2", 100, [](RouterSpec& spec) { spec.interval = 100ms; });
  lan.Run(30s);
  EXPECT_TRUE(master.master());
  EXPECT_TRUE(backup.backup());
  master.Kill();
  const Duration took = lan.RunUntil([&] { return backup.master(); });
  EXPECT_GT(took, 6s);
  EXPECT_LE(took, 9s + Duration(3s) * (256 - 100) / 256 + lan.latency);
  // As master it has its own.
  lan.Run(1s);
  EXPECT_GE(backup.adverts.size(), 10u);
}

TEST(Election, AnInterfaceThatGoesIsAFault) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(5s);
  ASSERT_TRUE(node.holds);
  node.Plug(false);
  EXPECT_EQ(node.router->state(), State::FAULT);
  EXPECT_EQ(node.router->why(), "eth0 is down or has no carrier");
  EXPECT_FALSE(node.holds);
  const size_t sent = node.adverts.size();
  lan.Run(60s);
  EXPECT_EQ(node.adverts.size(), sent);
  node.Plug(true);
  EXPECT_TRUE(node.backup());
  lan.Run(4s);
  EXPECT_TRUE(node.master());
  EXPECT_TRUE(node.holds);
  const State report = node.Report();
  ASSERT_EQ(report.history_size(), 5);
  EXPECT_EQ(report.history(0).to(), State::MASTER);
  EXPECT_EQ(report.history(2).why(), "eth0 is down or has no carrier");
}

TEST(Election, AFreshProcessGoesOnAsMaster) {
  for (const auto interval : {10ms, 1000ms}) {
    Lan lan;
    lan.base.interval = interval;
    Node& master = lan.Add("10.0.0.1", 100);
    Node& backup = lan.Add("10.0.0.2", 90);
    lan.Run(10s);
    ASSERT_TRUE(master.master());
    master.Kill();
    lan.Run(2ms);
    master.Respawn();
    EXPECT_TRUE(master.master());
    EXPECT_EQ(master.router->why(), "took over from an earlier aloha-vrrp");
    lan.Run(10s);
    EXPECT_TRUE(backup.backup());
    EXPECT_TRUE(backup.adverts.empty());
  }
}

TEST(Election, AFreshProcessGoesOnWhicheverNoticeComesFirst) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 100);
  lan.Run(10s);
  node.router = std::make_unique<Router>(node.spec, node, lan.now);
  node.router->OnAddresses(true, {}, lan.now);
  EXPECT_TRUE(node.holds);
  EXPECT_EQ(node.router->state(), State::FAULT);
  node.Plug(true);
  EXPECT_TRUE(node.master());
  // But not on an interface that turns out to be away.
  node.router = std::make_unique<Router>(node.spec, node, lan.now);
  node.router->OnAddresses(true, {}, lan.now);
  node.Plug(false);
  EXPECT_FALSE(node.holds);
  node.Plug(true);
  EXPECT_TRUE(node.backup());
}

TEST(Election, AChangeOfTheConfigurationKeepsTheMaster) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  ASSERT_TRUE(master.master());
  for (Node* node : {&master, &backup}) {
    node->spec.addresses = Ips({"192.168.0.252", "192.168.0.253"});
    node->spec.interval = 200ms;
    node->spec.priority = static_cast<uint8_t>(node->spec.priority + 20);
    const size_t sent = node->adverts.size();
    node->router->Reconfigure(node->spec, lan.now);
    EXPECT_EQ(node->adverts.size(), sent + (node->master() ? 1 : 0));
    lan.Run(10s);
  }
  EXPECT_TRUE(master.master());
  EXPECT_EQ(master.Report().history_size(), 2);
  EXPECT_TRUE(backup.backup());
  EXPECT_EQ(backup.Report().history_size(), 1);
  EXPECT_EQ(backup.Report().peers(0).priority(), 170u);
}

TEST(Election, SaysWhatItHeard) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  const State report = backup.Report();
  EXPECT_EQ(report.name(), "ipv4");
  EXPECT_EQ(report.source(), "10.0.0.2");
  ASSERT_EQ(report.peers_size(), 1);
  EXPECT_EQ(report.peers(0).address(), "10.0.0.1");
  EXPECT_EQ(report.peers(0).priority(), 150u);
  EXPECT_EQ(report.peers(0).adverts_total(), report.adverts_received_total());
  EXPECT_EQ(master.Report().adverts_sent_total(), report.adverts_received_total());
  backup.router->CountDrop(Drop::kTtl, 3);
  EXPECT_EQ(backup.Report().dropped_total().at("ttl"), 3u);
}

TEST(Election, ForgetsTheOldestOfManyTransitions) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  for (int i = 0; i < 100; ++i) node.Plug(i % 2 != 0);
  EXPECT_EQ(node.Report().history_size(), 50);
}

}  // namespace
}  // namespace aloha::vrrp
