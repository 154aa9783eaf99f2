// Nodes that should not serve, addresses that cannot be set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/vrrp/lan.h"

namespace aloha::vrrp {
namespace {

using testing::HasSubstr;

void Hinder(Lan& lan, Node& node, const std::string& reason) {
  std::vector<worker::v1::VrrpHindrance> hindrances;
  if (!reason.empty()) hindrances.push_back(Hindrance("haproxy", reason));
  node.router->SetHindrances(hindrances, lan.now);
}

TEST(GivingUp, AHinderedMasterIsRelievedAtOnce) {
  for (const int version : {2, 3}) {
    for (const bool preempt : {true, false}) {
      Lan lan;
      lan.base.version = static_cast<uint8_t>(version);
      lan.base.preempt = preempt;
      Node& master = lan.Add("10.0.0.1", 150);
      lan.Run(5s);
      Node& backup = lan.Add("10.0.0.2", 100);
      lan.Run(5s);
      ASSERT_TRUE(master.master() && backup.backup());
      Hinder(lan, master, "haproxy is not OK: stopped by root");
      EXPECT_EQ(master.router->effective_priority(), 9);
      EXPECT_TRUE(master.holds);  // until somebody comes
      const Duration took = lan.RunUntil([&] { return master.backup(); });
      EXPECT_LE(took, 6ms);
      EXPECT_TRUE(backup.master());
      EXPECT_EQ(master.router->why(),
                "10.0.0.2 has priority 100, this node 9 (haproxy is not OK: stopped by root)");
      lan.Run(60s);
      EXPECT_TRUE(backup.master());
      // Well again, it has its priority again.
      Hinder(lan, master, "");
      EXPECT_EQ(master.router->effective_priority(), 150);
      lan.Run(10s);
      EXPECT_EQ(master.master(), preempt);
      EXPECT_EQ(lan.masters(), 1);
    }
  }
}

TEST(GivingUp, ANodeThatIsAloneGoesOn) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(5s);
  Hinder(lan, node, "released");
  lan.Run(125s);
  EXPECT_TRUE(node.master());
  EXPECT_TRUE(node.holds);
  EXPECT_EQ(node.Report().history_size(), 2);
  EXPECT_EQ(node.adverts.back().second, 9);
  // One that comes later relieves it, even without preemption.
  Node& other = lan.Add("10.0.0.2", 100, [](RouterSpec& spec) { spec.preempt = false; });
  lan.Run(30s);
  EXPECT_TRUE(other.master());
  EXPECT_TRUE(node.backup());
}

TEST(GivingUp, IsTakenBackWhenTheReasonGoes) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(5s);
  Hinder(lan, node, "released");
  EXPECT_EQ(node.adverts.back().second, 0);
  lan.Run(10ms);
  Hinder(lan, node, "");
  EXPECT_EQ(node.adverts.back().second, 150);
  lan.Run(30s);
  for (size_t i = node.adverts.size() - 20; i < node.adverts.size(); ++i) {
    EXPECT_EQ(node.adverts[i].second, 150);
  }
}

TEST(GivingUp, AHinderedBackupTakesOverWhereNobodyElseDoes) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& hindered = lan.Add("10.0.0.2", 140);
  Node& other = lan.Add("10.0.0.3", 20);
  lan.Run(10s);
  Hinder(lan, hindered, "haproxy is not OK");
  master.Kill();
  lan.Run(10s);
  EXPECT_TRUE(other.master());
  other.Kill();
  lan.Run(10s);
  EXPECT_TRUE(hindered.master());
}

TEST(GivingUp, TwoHinderedNodesSettle) {
  Lan lan;
  Node& one = lan.Add("10.0.0.1", 150);
  Node& other = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  Hinder(lan, one, "haproxy is not OK");
  Hinder(lan, other, "haproxy is not OK");
  lan.Run(60s);
  const int changes = one.Report().history_size() + other.Report().history_size();
  EXPECT_EQ(lan.masters(), 1);
  EXPECT_TRUE(one.master());  // 9 against 6
  lan.Run(600s);
  EXPECT_EQ(one.Report().history_size() + other.Report().history_size(), changes);
}

TEST(GivingUp, ThePriorityOfAHinderedNodeIsAtLeastOne) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 10);
  Hinder(lan, node, "released");
  EXPECT_EQ(node.router->effective_priority(), 1);
  const State report = node.Report();
  EXPECT_EQ(report.priority(), 10u);
  EXPECT_EQ(report.effective_priority(), 1u);
  EXPECT_EQ(report.hindrances(0).name(), "haproxy");
}

TEST(GivingUp, AnotherReasonIsNoOtherHindrance) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 100);
  lan.Run(5s);
  Hinder(lan, node, "haproxy is not OK: a");
  lan.Run(5s);
  const size_t sent = node.adverts.size();
  Hinder(lan, node, "haproxy is not OK: b");
  EXPECT_EQ(node.adverts.size(), sent);
  EXPECT_EQ(node.Report().hindrances(0).reason(), "haproxy is not OK: b");
}

TEST(GivingUp, ANodeThatCannotSetTheAddressesLeavesThemToOthers) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  master.cannot_claim = "set 192.168.0.253: Operation not permitted";
  lan.RunUntil([&] { return backup.master(); });
  lan.Run(1ms);
  EXPECT_TRUE(master.backup());
  EXPECT_THAT(master.router->why(), HasSubstr("this node 9 (set 192.168.0.253: Operation"));
  EXPECT_EQ(master.Report().hindrances(0).name(), "addresses");
  lan.Run(60s);
  EXPECT_TRUE(backup.master());
  EXPECT_TRUE(backup.holds);
  // Some time later it may be able to.
  master.cannot_claim.clear();
  lan.Run(600s);
  EXPECT_TRUE(master.master());
  EXPECT_TRUE(master.holds);
  EXPECT_FALSE(backup.holds);
}

TEST(GivingUp, ANodeThatIsAloneTriesAgainToSetTheAddresses) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  node.cannot_claim = "no such interface";
  lan.Run(10s);
  EXPECT_TRUE(node.master());
  EXPECT_FALSE(node.holds);
  EXPECT_EQ(node.Report().problem(), "no such interface");
  EXPECT_EQ(node.warnings, std::vector<std::string>{"aloha-system: no such interface"});
  node.cannot_claim.clear();
  lan.Run(2s);
  EXPECT_TRUE(node.holds);
  EXPECT_EQ(node.Report().problem(), "");
  EXPECT_EQ(node.router->effective_priority(), 150);
}

// An answer that says neither that it worked nor why it did not.
TEST(GivingUp, DoesNotAskAgainAndAgain) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(5s);
  const int asked = node.asked;
  for (int i = 0; i < 100; ++i) {
    node.router->OnAddresses(false, {}, lan.now);
    lan.Run(10ms);
  }
  EXPECT_LE(node.asked, asked + 2);
  lan.Run(2s);
  EXPECT_TRUE(node.holds);
}

TEST(GivingUp, WhatANewAlohaSystemHoldsIsPutRight) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(5s);
  ASSERT_TRUE(node.master());
  node.holds = false;
  node.router->OnSystem();
  node.router->OnAddresses(false, {}, lan.now);
  EXPECT_TRUE(node.holds);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(5s);
  backup.holds = true;
  backup.router->OnSystem();
  backup.router->OnAddresses(true, {}, lan.now);
  EXPECT_FALSE(backup.holds);
  EXPECT_TRUE(backup.backup());
}

}  // namespace
}  // namespace aloha::vrrp
