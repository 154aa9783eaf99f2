#include "wui/server/client_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::wui {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Phase = ClientTable::Phase;

net::Ip Ip(const std::string& text) { return *net::ParseIp(text); }

class ClientTableTest : public testing::Test {
 protected:
  ClientTable::Id Admit(const std::string& ip) {
    const auto admission = table_.Admit(Ip(ip), now_);
    return admission ? admission->id : 0;
  }

  ClientTable table_;
  ClientTable::Time now_{seconds(1'000)};
};

TEST_F(ClientTableTest, EachPhaseHasItsTime) {
  const auto slow = Admit("10.0.0.1"), idle = Admit("10.0.0.1"), busy = Admit("10.0.0.1");
  table_.Enter(idle, Phase::kIdle, now_);
  table_.Enter(busy, Phase::kCall, now_);
  EXPECT_THAT(table_.TakeLate(now_ + seconds(4)), IsEmpty());
  EXPECT_THAT(table_.TakeLate(now_ + seconds(6)), ElementsAre(slow));
  EXPECT_THAT(table_.TakeLate(now_ + seconds(11)), ElementsAre(idle));
  EXPECT_THAT(table_.TakeLate(now_ + seconds(100'000)), IsEmpty());
  table_.Enter(busy, Phase::kIdle, now_);
  EXPECT_THAT(table_.TakeLate(now_ + seconds(70)), IsEmpty()) << "it was served before";
  EXPECT_THAT(table_.TakeLate(now_ + seconds(80)), ElementsAre(busy));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(ClientTableTest, TheTimeOfAPhaseRunsFromItsBeginning) {
  const auto id = Admit("10.0.0.1");
  table_.Enter(id, Phase::kHead, now_);
  table_.Enter(id, Phase::kHead, now_ + seconds(9));
  EXPECT_THAT(table_.TakeLate(now_ + seconds(10)), ElementsAre(id));
}

TEST_F(ClientTableTest, AClientBeyondItsShareLosesItsOwn) {
  const auto other = Admit("10.0.0.2");
  const auto first = Admit("10.0.0.1");
  for (size_t i = 1; i < ClientTable::kMaxPerClient; ++i) {
    now_ += seconds(1);
    table_.Enter(Admit("10.0.0.1"), Phase::kIdle, now_);
  }
  const auto admission = table_.Admit(Ip("10.0.0.1"), now_);
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->leaves, first) << "its handshake is the oldest that is not done";
  EXPECT_EQ(table_.size(), ClientTable::kMaxPerClient + 1);
  table_.Remove(other);
  EXPECT_EQ(table_.size(), ClientTable::kMaxPerClient);
}

TEST_F(ClientTableTest, CallsAreNeverEnded) {
  for (size_t i = 0; i < ClientTable::kMaxPerClient; ++i)
    table_.Enter(Admit("10.0.0.1"), Phase::kCall, now_);
  EXPECT_FALSE(table_.Admit(Ip("10.0.0.1"), now_));
  EXPECT_TRUE(table_.Admit(Ip("10.0.0.2"), now_));
}

TEST_F(ClientTableTest, NetworksOfIpv6AreOneClient) {
  for (size_t i = 0; i < ClientTable::kMaxPerClient; ++i)
    table_.Enter(Admit("2001:db8::" + std::to_string(i)), Phase::kCall, now_);
  EXPECT_FALSE(table_.Admit(Ip("2001:db8::ffff"), now_));
  EXPECT_TRUE(table_.Admit(Ip("2001:db8:0:1::1"), now_));
}

TEST_F(ClientTableTest, WhoIsServedStaysWhenManySlowOnesCome) {
  const auto user = Admit("10.0.0.1");
  table_.Enter(user, Phase::kCall, now_);
  table_.Enter(user, Phase::kIdle, now_);
  for (int i = 0; i < 2'000; ++i) {
    now_ += std::chrono::milliseconds(1);
    const std::string ip = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    const auto admission = table_.Admit(Ip(ip), now_);
    ASSERT_TRUE(admission);
    EXPECT_NE(admission->leaves, user);
    if (i % 2 == 0) table_.Enter(admission->id, Phase::kHead, now_);
  }
  EXPECT_EQ(table_.size(), ClientTable::kMaxConnections);
  EXPECT_EQ(table_.Count(Phase::kIdle), 1u);
}

}  // namespace
}  // namespace aloha::wui
