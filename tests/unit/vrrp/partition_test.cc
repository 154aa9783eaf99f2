// Links that break and heal, and packets in masses.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/vrrp/lan.h"

namespace aloha::vrrp {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(Partition, OneMasterIsLeftWhenItHeals) {
  Lan lan;
  Node& high = lan.Add("10.0.0.1", 150);
  Node& low = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  lan.Split(high, low);
  lan.Run(10s);
  EXPECT_EQ(lan.masters(), 2);
  EXPECT_THAT(low.router->why(), HasSubstr("no advert for 3.6"));
  lan.Heal();
  const int announced = high.announced();
  const TimePoint healed = lan.now.time;
  lan.Run(11s);
  EXPECT_TRUE(high.master());
  EXPECT_TRUE(low.backup());
  EXPECT_FALSE(low.holds);
  EXPECT_FALSE(high.Report().two_masters());
  // Clients of the other side hear who has the addresses, even where the loser yielded in silence.
  EXPECT_GT(high.announced(), announced);
  EXPECT_LE(high.announcements[static_cast<size_t>(announced)] - healed, 10s);
  EXPECT_THAT(high.warnings, IsEmpty());
}

TEST(Partition, TheMasterAnswersALesserOneAtOnce) {
  Lan lan;
  lan.base.interval = 10s;
  Node& high = lan.Add("10.0.0.1", 150);
  Node& low = lan.Add("10.0.0.2", 100);
  lan.Run(60s);
  lan.Split(high, low);
  lan.Run(60s);
  ASSERT_EQ(lan.masters(), 2);
  lan.Heal();
  const size_t sent = low.adverts.size();
  lan.RunUntil([&] { return low.adverts.size() > sent || low.backup(); });
  EXPECT_LE(lan.RunUntil([&] { return low.backup(); }), 1ms);
}

TEST(Partition, AMasterAnnouncesAgainEveryTenSeconds) {
  Lan lan;
  Node& node = lan.Add("10.0.0.1", 150);
  lan.Run(4s);
  lan.Run(100s);
  EXPECT_EQ(node.announced(), 10);
}

TEST(Partition, TwoMastersThatStayAreTold) {
  Lan lan;
  Node& high = lan.Add("10.0.0.1", 150);
  Node& low = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  lan.Cut(high, low);  // one way alone
  lan.Run(20s);
  EXPECT_EQ(lan.masters(), 2);
  EXPECT_TRUE(high.Report().two_masters());
  ASSERT_EQ(high.warnings.size(), 1u);
  EXPECT_THAT(high.warnings[0], HasSubstr("two masters: 10.0.0.2 says so too"));
  const int announced = high.announced();
  EXPECT_LE(announced, 20);
  lan.Heal();
  lan.Run(5s);
  EXPECT_FALSE(high.Report().two_masters());
  EXPECT_TRUE(low.backup());
  EXPECT_GT(high.announced(), announced);
}

TEST(Partition, LostAdvertsFewerThanThreeChangeNothing) {
  Lan lan;
  lan.base.interval = 10ms;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(2s);
  for (int i = 0; i < 100; ++i) {
    lan.Cut(master, backup);
    lan.Run(20ms);
    lan.Heal();
    lan.Run(10ms);
  }
  EXPECT_TRUE(backup.adverts.empty());
}

TEST(Flood, PacketsThatAreDroppedTouchNoTimer) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  master.Kill();
  const TimePoint due = backup.router->next_due();
  for (size_t reason = 0; reason < kDropReasons; ++reason) {
    backup.router->CountDrop(static_cast<Drop>(reason), 1'000'000);
  }
  EXPECT_EQ(backup.router->next_due(), due);
}

// A lesser master is answered; a flood of its adverts is not answered one by one.
TEST(Flood, IsNotAnsweredPacketByPacket) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  lan.Run(10s);
  const size_t sent = master.adverts.size();
  const Bytes bytes = Build({.priority = 90, .source = "10.0.0.66"});
  const Bytes goodbye = Build({.priority = 0, .source = "10.0.0.66"});
  for (int i = 0; i < 100'000; ++i) {
    const Bytes& packet = i % 2 == 0 ? bytes : goodbye;
    master.router->Hear(ParseAdvert(MessageOf(packet, "10.0.0.66")).value(), Ip("10.0.0.66"),
                        lan.now);
    if (i % 100 == 0) lan.Run(1ms);
  }
  EXPECT_LE(master.adverts.size(), sent + 25);  // of a second
  EXPECT_TRUE(master.master());
  EXPECT_EQ(lan.masters(), 1);
}

TEST(Flood, OfManySourcesForgetsNoKnownNode) {
  Lan lan;
  Node& master = lan.Add("10.0.0.1", 150);
  Node& backup = lan.Add("10.0.0.2", 100);
  lan.Run(10s);
  ASSERT_TRUE(master.master());
  const Bytes bytes = Build({.priority = 120});
  const Advert advert = ParseAdvert(MessageOf(bytes)).value();
  for (int i = 1; i < 10'000; ++i) {
    const std::string source = fmt::format("10.9.{}.{}", i / 250, i % 250);
    backup.router->Hear(advert, Ip(source), lan.now);
  }
  EXPECT_LE(backup.Report().peers_size(), 16);
  const auto live = backup.router->KnownPeers();
  EXPECT_EQ(live.front(), Ip("10.0.0.1"));
}

}  // namespace
}  // namespace aloha::vrrp
