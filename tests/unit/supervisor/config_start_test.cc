// Which configuration runs at start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/config/factory.h"
#include "supervisor/config/print.h"
#include "supervisor/config/start.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StartTest : public testing::Test {
 protected:
  StartTest() : store_(ConfigStore::Open(state_.path(), run_.path()).value()) {
    options_.file = state_.path() + "/aloha.textproto";
  }

  void Record(const std::string& note) {
    last_ = {};
    last_.config.set_version_note(note);
    ASSERT_TRUE(store_.Record(last_));
  }
  void Save() { ASSERT_TRUE(store_.Save(last_)); }
  void Boot() { std::filesystem::remove(run_.path() + "/config/running.textproto"); }
  void WriteFile(const std::string& text) { state_.Write("aloha.textproto", text); }
  // The note of what was chosen.
  std::string Choose() {
    choice_ = ChooseStart(store_, options_);
    return choice_.version.config.version_note();
  }

  TemporaryFolder state_, run_;
  ConfigStore store_;
  StartOptions options_;
  ConfigVersion last_;
  StartChoice choice_;
};

TEST_F(StartTest, AtTheVeryFirstStartTheFile) {
  WriteFile("version_note: \"file\"");
  EXPECT_EQ(Choose(), "file");
  EXPECT_EQ(choice_.origin, StartOrigin::kFile);
  EXPECT_EQ(choice_.version.info.number(), 0u);
  EXPECT_THAT(choice_.events, IsEmpty());
}

TEST_F(StartTest, AfterACrashTheRunningOne) {
  WriteFile("version_note: \"file\"");
  Record("saved");
  Save();
  Record("running");
  EXPECT_EQ(Choose(), "running");
  EXPECT_EQ(choice_.origin, StartOrigin::kRunning);
  EXPECT_EQ(choice_.version.info.number(), 2u);
  EXPECT_THAT(choice_.events, IsEmpty());
}

TEST_F(StartTest, AfterABootTheSavedOne) {
  WriteFile("version_note: \"file\"");
  Record("saved");
  Save();
  Record("running");
  Boot();
  EXPECT_EQ(Choose(), "saved");
  EXPECT_EQ(choice_.origin, StartOrigin::kSaved);
}

TEST_F(StartTest, WhatWasNeverSavedEndsWithTheBoot) {
  WriteFile("version_note: \"file\"");
  Record("running");
  Boot();
  EXPECT_EQ(Choose(), "file");
}

TEST_F(StartTest, ATornRunningOneIsReplacedByTheNewestOfTheHistory) {
  Record("saved");
  Save();
  Record("running");
  run_.Write("config/running.textproto", "version_note: \"running");
  EXPECT_EQ(Choose(), "running");
  EXPECT_EQ(choice_.origin, StartOrigin::kHistory);
  EXPECT_THAT(
      choice_.events,
      ElementsAre(HasSubstr("running.textproto is torn or was edited (its checksum differs); "
                            "set aside as"),
                  "version 2 of the history runs instead"));
}

TEST_F(StartTest, AnEmptySavedOneIsReplacedByTheNewestGoodOfTheHistory) {
  Record("good");
  Record("torn");
  Save();
  Boot();
  state_.Write("config/saved.textproto", "");
  state_.Write("history/000002.textproto", "x");
  EXPECT_EQ(Choose(), "good");
  EXPECT_THAT(choice_.events, ElementsAre(HasSubstr("saved.textproto is empty"),
                                          HasSubstr("000002.textproto is torn"),
                                          "version 1 of the history runs instead"));
}

TEST_F(StartTest, AVersionThatIsNoLongerValidIsPassedOver) {
  Record("good");
  last_.config.mutable_imap()->set_mode(config::v1::Mail::SSL_OFFLOAD);
  last_.config.mutable_imap()->add_certificate("gone");
  last_.config.set_version_note("invalid");
  ASSERT_TRUE(store_.Record(last_));
  EXPECT_EQ(Choose(), "good");
  ASSERT_EQ(choice_.events.size(), 3u);
  EXPECT_EQ(choice_.events[0],
            "the running configuration is not valid: imap.certificate[0]: there is no certificate "
            "\"gone\"; import it under this name, or name another");
  EXPECT_THAT(choice_.events[1], HasSubstr("version 2 is not valid"));
}

TEST_F(StartTest, AuthoritativeMeansTheFileWins) {
  options_.authoritative = true;
  WriteFile("version_note: \"file\"");
  Record("running");
  Save();
  EXPECT_EQ(Choose(), "file");
  EXPECT_THAT(choice_.events, IsEmpty());
}

TEST_F(StartTest, ABrokenAuthoritativeFileNeverStopsAStart) {
  options_.authoritative = true;
  WriteFile("imap {\n  mode: CLEAR virtual_port: 0 timeout: \"x\"\n}");
  Record("running");
  EXPECT_EQ(Choose(), "running");
  EXPECT_THAT(
      choice_.events,
      ElementsAre(HasSubstr("aloha.textproto:2:15: error: imap.virtual_port: 0 is not a port"),
                  HasSubstr("aloha.textproto:2:31: error: imap.timeout: "),
                  "the running configuration (version 1) runs instead"));
}

TEST_F(StartTest, WithNothingGoodTheFactory) {
  EXPECT_EQ(Choose(), "");
  EXPECT_EQ(choice_.origin, StartOrigin::kFactory);
  EXPECT_EQ(PrintText(choice_.version.config), PrintText(FactoryConfig()));
  EXPECT_THAT(choice_.events, ElementsAre(HasSubstr("No such file or directory"),
                                          "the factory configuration runs instead"));
}

TEST_F(StartTest, ALostFileIsReplacedByTheHistory) {
  Record("applied");
  Boot();
  EXPECT_EQ(Choose(), "applied");
  EXPECT_EQ(choice_.origin, StartOrigin::kHistory);
}

}  // namespace
}  // namespace aloha::supervisor
