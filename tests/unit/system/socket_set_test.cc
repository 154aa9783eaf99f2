#include "workers/system/socket_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/system/fixture.h"

namespace aloha::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SocketSetTest : public testing::Test {
 protected:
  static void Add(const Endpoint& endpoint, worker::v1::Listener* listener) {
    listener->set_address(endpoint.address);
    listener->set_port(endpoint.port);
  }
  static worker::v1::BindRequest Request(const std::vector<Endpoint>& endpoints) {
    worker::v1::BindRequest request;
    for (const Endpoint& endpoint : endpoints) Add(endpoint, request.add_listeners());
    return request;
  }
  static worker::v1::SystemSnapshot Snapshot(const std::vector<Endpoint>& endpoints) {
    worker::v1::SystemSnapshot snapshot;
    for (const Endpoint& endpoint : endpoints) Add(endpoint, snapshot.add_listeners());
    return snapshot;
  }

  std::map<SocketName, UniqueFd> handed_over_;
  SocketSet set_{[this](const SocketName& name) {
                   auto found = handed_over_.extract(name);
                   return found ? std::move(found.mapped()) : UniqueFd();
                 },
                 [](const SocketName& name, std::span<const int> siblings) {
                   return BindListener(std::get<Endpoint>(name), siblings, 1024);
                 }};
  const Endpoint imap_{"127.0.0.1", FreePort()};
  const Endpoint smtp_{"127.0.0.2", FreePort()};
};

TEST_F(SocketSetTest, BindsAllOrNone) {
  const auto busy = BindListener(imap_, {}, 1024);
  ASSERT_TRUE(busy);
  const auto sockets = set_.Bind(Request({smtp_, imap_, {"nonsense", 1}}));
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(sockets.error().message,
              AllOf(HasSubstr(ToString(imap_)), HasSubstr("\nbind nonsense:1: "),
                    Not(HasSubstr(ToString(smtp_)))));
  EXPECT_EQ(set_.size(), 0U);
  EXPECT_FALSE(Connects(smtp_));
}

TEST_F(SocketSetTest, AFailedBindLeavesWhatWasHeldBefore) {
  ASSERT_TRUE(set_.Bind(Request({imap_})));
  EXPECT_FALSE(set_.Bind(Request({imap_, {"nonsense", 1}})));
  EXPECT_TRUE(Connects(imap_));
}

TEST_F(SocketSetTest, GivesAHeldSocketAgain) {
  const auto first = set_.Bind(Request({imap_}));
  const auto second = set_.Bind(Request({imap_, imap_}));
  ASSERT_TRUE(first && second);
  ASSERT_EQ(second->size(), 2U);
  EXPECT_EQ((*first)[0].socket, (*second)[0].socket);
  EXPECT_EQ((*first)[0].socket, (*second)[1].socket);
}

TEST_F(SocketSetTest, AbortClosesWhatNoCommitConfirmed) {
  ASSERT_TRUE(set_.Bind(Request({imap_})));
  ASSERT_TRUE(set_.Prepare(Snapshot({imap_})));
  set_.Commit();
  ASSERT_TRUE(set_.Bind(Request({smtp_})));
  ASSERT_TRUE(set_.Prepare(Snapshot({imap_, smtp_})));
  set_.Abort();
  EXPECT_TRUE(Connects(imap_));
  EXPECT_FALSE(Connects(smtp_));
}

TEST_F(SocketSetTest, CommitKeepsExactlyTheSnapshot) {
  ASSERT_TRUE(set_.Bind(Request({imap_, smtp_})));
  ASSERT_TRUE(set_.Prepare(Snapshot({smtp_})));
  EXPECT_TRUE(Connects(imap_)) << "until the commit";
  set_.Commit();
  EXPECT_FALSE(Connects(imap_));
  EXPECT_TRUE(Connects(smtp_));
}

TEST_F(SocketSetTest, UnbindSparesWhatWasCommittedMeanwhile) {
  const auto sockets = set_.Bind(Request({imap_}));
  ASSERT_TRUE(sockets && set_.Prepare(Snapshot({imap_})));
  set_.Commit();
  set_.Unbind(*sockets);
  EXPECT_EQ(set_.size(), 1U);
}

TEST_F(SocketSetTest, RejectsAListenerThatNobodyBound) {
  ASSERT_TRUE(set_.Bind(Request({imap_})));
  const auto prepared = set_.Prepare(Snapshot({imap_, smtp_}));
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(prepared.error().message,
            "listener " + ToString(smtp_) + ": neither bound nor handed over");
}

TEST_F(SocketSetTest, TakesWhatIsHandedOverAndKeepsItThroughAnAbort) {
  handed_over_[imap_] = std::move(*BindListener(imap_, {}, 1024));
  ASSERT_TRUE(set_.Prepare(Snapshot({imap_})));
  set_.Abort();
  EXPECT_TRUE(handed_over_.empty());
  EXPECT_TRUE(set_.Prepare(Snapshot({imap_})));
  handed_over_[smtp_] = std::move(*BindListener(smtp_, {}, 1024));
  const auto sockets = set_.Bind(Request({smtp_}));
  ASSERT_TRUE(sockets) << sockets.error().message;
  EXPECT_FALSE((*sockets)[0].fresh);
}

TEST_F(SocketSetTest, MovesFromOneAddressToAllOfThem) {
  const Endpoint any{"0.0.0.0", imap_.port};
  for (const auto& [from, to] : {std::pair(imap_, any), std::pair(any, imap_)}) {
    ASSERT_TRUE(set_.Bind(Request({from})));
    const auto sockets = set_.Bind(Request({to}));
    ASSERT_TRUE(sockets) << sockets.error().message;
    ASSERT_TRUE(set_.Prepare(Snapshot({to})));
    set_.Commit();
    EXPECT_EQ(set_.size(), 1U);
    EXPECT_TRUE(Connects(imap_));
  }
}

TEST_F(SocketSetTest, AnErrorFitsIntoAStatus) {
  std::vector<Endpoint> endpoints(1'000, {"nonsense", 1});
  const auto sockets = set_.Bind(Request(endpoints));
  ASSERT_FALSE(sockets);
  EXPECT_LT(sockets.error().message.size(), 4'200U);
  EXPECT_THAT(sockets.error().message, HasSubstr(" more"));
}

}  // namespace
}  // namespace aloha::system
