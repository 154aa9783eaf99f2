#include "supervisor/peers/sync_journal.h"

#include <gtest/gtest.h>

#include "supervisor/peers/shared_state.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using peer::v1::State;

State Noted(const std::string& note) {
  State state;
  state.mutable_config()->set_version_note(note);
  return state;
}

class SyncJournalTest : public testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/sync.textproto"; }
  SyncJournal Open(const State& state, bool trusted = true) const {
    SyncJournal journal(Path());
    EXPECT_TRUE(journal.Load(state, "secret", trusted));
    return journal;
  }
  static bool Change(SyncJournal& journal, const State& state) {
    bool changed = false;
    EXPECT_TRUE(journal.Note(state, "secret", &changed));
    return changed;
  }
  static uint64_t Counter(const SyncJournal& journal) {
    return journal.position().stamp().counter();
  }

  TemporaryFolder folder_;
};

TEST_F(SyncJournalTest, CountsChanges) {
  SyncJournal journal = Open(State());
  EXPECT_NE(journal.position().node(), 0u);
  EXPECT_EQ(Counter(journal), 0u);
  EXPECT_FALSE(Change(journal, State()));
  EXPECT_TRUE(Change(journal, Noted("b")));
  EXPECT_EQ(Counter(journal), 1u);
  EXPECT_EQ(journal.position().stamp().node(), journal.position().node());
  bool changed = false;
  ASSERT_TRUE(journal.Note(Noted("b"), "another secret", &changed));
  EXPECT_TRUE(changed);
  EXPECT_EQ(Counter(journal), 1u);  // no change of an administrator's
}

TEST_F(SyncJournalTest, OutlivesTheSupervisor) {
  SyncJournal journal = Open(Noted("a"));
  Change(journal, Noted("b"));
  EXPECT_EQ(Open(Noted("b")).position().SerializeAsString(),
            journal.position().SerializeAsString());
  // Something changed it meanwhile, or a crash came before it was noted.
  EXPECT_EQ(Counter(Open(Noted("c"))), 3u);
}

TEST_F(SyncJournalTest, ABrokenFileMakesAFreshNode) {
  SyncJournal journal = Open(Noted("a"));
  Change(journal, Noted("b"));
  folder_.Write("sync.textproto", "torn");
  SyncJournal fresh(Path());
  EXPECT_FALSE(fresh.Load(Noted("b"), "secret", true));
  EXPECT_EQ(Counter(fresh), 1u);
  EXPECT_NE(fresh.position().node(), journal.position().node());
  EXPECT_EQ(Open(Noted("b")).position().node(), fresh.position().node());
}

// Two nodes, by their journals alone.
class TwoNodesTest : public SyncJournalTest {
 protected:
  // `to` takes over what `from` has.
  static void Push(SyncJournal& from, SyncJournal& to, const State& state) {
    ASSERT_EQ(Compare(from.position(), to.position()), Verdict::kPush);
    ASSERT_TRUE(to.BeginTaking());
    ASSERT_TRUE(to.FinishTaking(state, "secret", from.position().stamp(), from.position().node()));
    ASSERT_TRUE(to.Agree(from.position(), 1));
    ASSERT_TRUE(from.Agree(to.position(), 1));
    ASSERT_EQ(Compare(from.position(), to.position()), Verdict::kInSync);
  }

  TemporaryFolder other_folder_;
  SyncJournal one_ = Open(Noted("a"));
  SyncJournal two_{other_folder_.path() + "/sync.textproto"};

  void SetUp() override {
    State fresh;
    fresh.mutable_config()->mutable_high_availability()->set_cluster_id(51);
    ASSERT_TRUE(two_.Load(fresh, "secret", true));
    Change(one_, Noted("b"));
    Push(one_, two_, Noted("b"));
  }
};

TEST_F(TwoNodesTest, EitherGoesOn) {
  Change(two_, Noted("c"));
  Push(two_, one_, Noted("c"));
  Change(one_, Noted("d"));
  Push(one_, two_, Noted("d"));
  EXPECT_EQ(Counter(one_), 4u);
}

// It went on while what it had sent was on its way, and perhaps before it heard of it.
TEST_F(TwoNodesTest, AChangeWhileAnotherIsOnItsWay) {
  Change(one_, Noted("c"));
  const peer::v1::Position sent = one_.position();
  ASSERT_TRUE(one_.BeginSending(sent.stamp()));
  Change(one_, Noted("d"));
  ASSERT_TRUE(two_.FinishTaking(Noted("c"), "secret", sent.stamp(), sent.node()));
  SyncJournal again = Open(Noted("d"));
  for (SyncJournal* one : {&one_, &again}) {
    ASSERT_TRUE(one->Meet(two_.position()));
    EXPECT_EQ(Compare(one->position(), two_.position()), Verdict::kPush);
    EXPECT_EQ(Compare(two_.position(), one->position()), Verdict::kPull);
  }
  // What it did not send is nothing that both had.
  Change(two_, Noted("e"));
  ASSERT_TRUE(again.Meet(two_.position()));
  EXPECT_EQ(Compare(again.position(), two_.position()), Verdict::kConflict);
}

TEST_F(TwoNodesTest, BothChangedUntilOneIsChosen) {
  Change(one_, Noted("c"));
  Change(two_, Noted("d"));
  ASSERT_EQ(Compare(one_.position(), two_.position()), Verdict::kConflict);
  ASSERT_TRUE(two_.Override(one_.position()));
  Push(two_, one_, Noted("d"));
}

TEST_F(TwoNodesTest, ACrashWhileTakingIsNoChange) {
  Change(one_, Noted("c"));
  ASSERT_TRUE(two_.BeginTaking());
  for (const char* found : {"b", "half of c", "c"}) {
    TemporaryFolder copy;
    copy.Write("sync.textproto", other_folder_.Read("sync.textproto"));
    SyncJournal again(copy.path() + "/sync.textproto");
    ASSERT_TRUE(again.Load(Noted(found), "secret", true));
    const Verdict verdict = Compare(one_.position(), again.position());
    EXPECT_EQ(verdict, std::string(found) == "c" ? Verdict::kInSync : Verdict::kPush) << found;
  }
}

TEST_F(TwoNodesTest, ABootWithAnOlderSavedOne) {
  ASSERT_TRUE(one_.NoteSaved());
  Change(one_, Noted("not saved"));
  Push(one_, two_, Noted("not saved"));
  SyncJournal booted = Open(Noted("b"));
  EXPECT_EQ(Compare(booted.position(), two_.position()), Verdict::kPull);
  Change(two_, Noted("d"));
  EXPECT_EQ(Compare(booted.position(), two_.position()), Verdict::kPull);
  // A change on top of the older one is one that competes.
  Change(booted, Noted("e"));
  EXPECT_EQ(Compare(booted.position(), two_.position()), Verdict::kConflict);
}

TEST_F(TwoNodesTest, WhatWasLeftAfterALossIsNoChange) {
  SyncJournal left = Open(Noted("from the history"), false);
  EXPECT_EQ(Compare(left.position(), two_.position()), Verdict::kPull);
  Change(two_, Noted("c"));
  EXPECT_EQ(Compare(left.position(), two_.position()), Verdict::kPull);
}

TEST_F(TwoNodesTest, ACopyGetsAnIdentity) {
  SyncJournal copy = Open(Noted("b"));
  EXPECT_EQ(Compare(copy.position(), one_.position()), Verdict::kSameNode);
  ASSERT_TRUE(copy.Renew());
  EXPECT_EQ(Compare(copy.position(), one_.position()), Verdict::kInSync);
}

}  // namespace
}  // namespace aloha::supervisor
