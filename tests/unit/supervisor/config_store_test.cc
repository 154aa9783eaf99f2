#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "supervisor/config/file.h"
#include "supervisor/config/print.h"
#include "supervisor/config/state_file.h"
#include "supervisor/config/store.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

ConfigVersion Version(const std::string& note) {
  ConfigVersion version;
  version.config.set_version_note(note);
  version.info.set_user("root");
  version.info.set_note(note);
  version.info.set_source("apply");
  version.info.set_time_us(1'700'000'000'000'000);
  return version;
}

class StateFileTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/f"; }
  // The message, or the error.
  std::string Read() {
    config::v1::Config config;
    const auto read = ReadState(path(), &config);
    return read ? config.version_note() : read.error().message;
  }
  TemporaryFolder folder_;
};

TEST_F(StateFileTest, ReadsWhatItWrote) {
  ASSERT_TRUE(WriteState(path(), Version("grün \"x\"\n# checksum: 0").config, "# one\n# two\n"));
  config::v1::Config config;
  std::string header;
  ASSERT_TRUE(ReadState(path(), &config, &header));
  EXPECT_EQ(config.version_note(), "grün \"x\"\n# checksum: 0");
  EXPECT_EQ(header, "# one\n# two\n");
  EXPECT_FALSE(folder_.Has("f.new"));
}

TEST_F(StateFileTest, NothingThereIsNotFound) {
  config::v1::Config config;
  EXPECT_EQ(ReadState(path(), &config).error().code, Code::kNotFound);
}

TEST_F(StateFileTest, SetsBrokenFilesAside) {
  ASSERT_TRUE(WriteState(path(), Version("note").config));
  const std::string good = folder_.Read("f");
  std::string edited = good;
  edited[edited.find("note\"")] = 'N';
  const std::string differs =
      path() + " is torn or was edited (its checksum differs); set aside as " + path() + ".broken";
  for (const std::string& bad :
       {edited, good.substr(0, good.size() / 2), good + "x", good.substr(1),
        std::string("# checksum: \n"), std::string("\0\0\0\0", 4)}) {
    folder_.Write("f", bad);
    EXPECT_EQ(Read(), differs);
    EXPECT_FALSE(folder_.Has("f"));
    EXPECT_EQ(folder_.Read("f.broken"), bad);
  }
  folder_.Write("f", "");
  EXPECT_EQ(Read(), path() + " is empty; set aside as " + path() + ".broken");
}

TEST_F(StateFileTest, EveryCutIsSeen) {
  ASSERT_TRUE(WriteState(path(), Version("note").config));
  const std::string good = folder_.Read("f");
  for (size_t length = 0; length < good.size(); ++length) {
    folder_.Write("f", good.substr(0, length));
    config::v1::Config config;
    EXPECT_FALSE(ReadState(path(), &config)) << length;
  }
}

TEST_F(StateFileTest, RefusesMessagesOfAnotherVersion) {
  config::v1::VersionInfo info;
  info.set_user("x");
  ASSERT_TRUE(WriteState(path(), info));
  EXPECT_NE(Read().find("is of another version"), std::string::npos);
}

TEST_F(StateFileTest, AFailedWriteLeavesTheOldFile) {
  ASSERT_TRUE(WriteState(path(), Version("old").config));
  // A limit on file sizes stands for a full disk: write(2) fails in the middle.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 16, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = WriteState(path(), Version(std::string(100, 'n')).config);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "cannot write " + path() + ".new: File too large");
  EXPECT_EQ(Read(), "old");
  EXPECT_FALSE(folder_.Has("f.new"));
}

TEST_F(StateFileTest, AMissingFolderIsNamed) {
  const auto written = WriteState(folder_.path() + "/none/f", Version("x").config);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message,
            "cannot write " + folder_.path() + "/none/f.new: No such file or directory");
}

TEST_F(StateFileTest, DoesNotFollowALinkLaidInItsWay) {
  folder_.Write("victim", "precious");
  std::filesystem::create_symlink(folder_.path() + "/victim", path() + ".new");
  EXPECT_FALSE(WriteState(path(), Version("x").config));
  EXPECT_EQ(folder_.Read("victim"), "precious");
}

class ConfigStoreTest : public testing::Test {
 protected:
  ConfigStore Open() { return ConfigStore::Open(state_.path(), run_.path()).value(); }
  TemporaryFolder state_, run_;
};

TEST_F(ConfigStoreTest, NothingIsThereAtFirst) {
  const ConfigStore store = Open();
  EXPECT_EQ(store.ReadRunning().error().code, Code::kNotFound);
  EXPECT_EQ(store.ReadSaved().error().code, Code::kNotFound);
  EXPECT_EQ(store.ReadVersion(1).error().message, "there is no version 1");
  EXPECT_TRUE(store.List().empty());
}

TEST_F(ConfigStoreTest, KeepsVersionsWithWhatIsKnownOfThem) {
  ConfigStore store = Open();
  ConfigVersion first = Version("first"), second = Version("second\nline");
  ASSERT_TRUE(store.Record(first));
  ASSERT_TRUE(store.Record(second));
  EXPECT_EQ(second.info.number(), 2u);
  ASSERT_TRUE(store.Save(first));

  const ConfigStore again = Open();
  EXPECT_EQ(PrintText(again.ReadRunning()->info), PrintText(second.info));
  EXPECT_EQ(again.ReadSaved()->config.version_note(), "first");
  EXPECT_EQ(again.ReadVersion(2)->config.version_note(), "second\nline");
  ASSERT_EQ(again.List().size(), 2u);
  EXPECT_EQ(again.List()[0].number(), 2u);
  EXPECT_EQ(again.List()[1].note(), "first");
  EXPECT_TRUE(state_.Has("history/000001.textproto"));
}

TEST_F(ConfigStoreTest, KeepsTheLastTwoHundred) {
  ConfigStore store = Open();
  for (int i = 1; i <= 202; ++i) {
    char name[40];
    std::snprintf(name, sizeof name, "history/%06d.textproto", i);
    state_.Write(name, "x");
  }
  ConfigVersion version = Version("v");
  ASSERT_TRUE(store.Record(version));
  const auto numbers = store.Numbers();
  ASSERT_EQ(numbers.size(), ConfigStore::kKeptVersions);
  EXPECT_EQ(numbers.front(), 203u);
  EXPECT_EQ(numbers.back(), 4u);
}

TEST_F(ConfigStoreTest, ABrokenVersionIsPassedOverAndItsNumberNotUsedAgain) {
  ConfigStore store = Open();
  ConfigVersion one = Version("one"), two = Version("two"), three = Version("three");
  ASSERT_TRUE(store.Record(one));
  ASSERT_TRUE(store.Record(two));
  state_.Write("history/000002.textproto", "torn");
  ASSERT_EQ(store.List().size(), 1u);
  EXPECT_TRUE(state_.Has("history/000002.textproto.broken"));
  ASSERT_TRUE(store.Record(three));
  EXPECT_EQ(three.info.number(), 3u);
}

TEST_F(ConfigStoreTest, ForeignFilesAreNoVersions) {
  ConfigStore store = Open();
  for (const char* name : {"x.textproto", "12.txt", "000007.textproto.new", "README"}) {
    state_.Write(std::string("history/") + name, "x");
  }
  EXPECT_TRUE(store.Numbers().empty());
}

TEST_F(ConfigStoreTest, WhatCannotBeRecordedChangesNothing) {
  ConfigStore store = Open();
  ConfigVersion first = Version("first"), second = Version("second");
  ASSERT_TRUE(store.Record(first));
  std::filesystem::rename(run_.path() + "/config", run_.path() + "/away");
  const auto recorded = store.Record(second);
  ASSERT_FALSE(recorded);
  EXPECT_NE(recorded.error().message.find("/config/running.textproto.new"), std::string::npos);
  std::filesystem::rename(run_.path() + "/away", run_.path() + "/config");
  EXPECT_EQ(store.Numbers(), std::vector<uint64_t>{1});

  std::filesystem::remove_all(state_.path() + "/history");
  EXPECT_FALSE(store.Record(second));
  EXPECT_EQ(store.ReadRunning()->config.version_note(), "first");
}

TEST_F(ConfigStoreTest, VersionsOfAnotherHistoryGetTheNextNumbersButNoneTwice) {
  ConfigStore store = Open();
  ConfigVersion own = Version("own"), shared = Version("shared");
  ASSERT_TRUE(store.Record(own));
  ASSERT_TRUE(store.Record(shared));
  ConfigVersion same = Version("shared"), old = Version("old");
  same.info.set_number(7);
  old.info.set_number(1);
  const auto numbers = store.Adopt({old, same, old});
  ASSERT_TRUE(numbers);
  EXPECT_EQ(*numbers, (std::vector<uint64_t>{3, 2, 3}));
  EXPECT_EQ(store.ReadVersion(3)->config.version_note(), "old");
  EXPECT_EQ(store.ReadVersion(3)->info.user(), "root");
  EXPECT_EQ(store.newest(), 3u);
  store.ForgetAbove(2);
  EXPECT_EQ(store.Numbers(), (std::vector<uint64_t>{2, 1}));
}

TEST_F(ConfigStoreTest, WhatIsKeptOnceMoreOutlivesAWholeHistory) {
  ConfigStore store = Open();
  ConfigVersion own = Version("own"), next = Version("next");
  ASSERT_TRUE(store.Record(own));
  std::vector<ConfigVersion> others;
  for (size_t i = 0; i < ConfigStore::kKeptVersions; ++i)
    others.push_back(Version(std::to_string(i).c_str()));
  ASSERT_TRUE(store.Adopt(std::move(others)));
  ASSERT_TRUE(store.Keep(own));
  ASSERT_TRUE(store.Record(next));
  EXPECT_EQ(own.info.number() + 1, next.info.number());
  EXPECT_EQ(store.ReadVersion(own.info.number())->config.version_note(), "own");
  EXPECT_EQ(store.Numbers().size(), ConfigStore::kKeptVersions);
}

TEST_F(ConfigStoreTest, AllButOneCanBeForgotten) {
  ConfigStore store = Open();
  for (const char* note : {"first", "second", "third"}) {
    ConfigVersion version = Version(note);
    ASSERT_TRUE(store.Record(version));
  }
  store.ForgetOthers(2);
  EXPECT_EQ(store.Numbers(), std::vector<uint64_t>{2});
}

TEST_F(ConfigStoreTest, AHistoryThatCannotBeKeptIsNotKeptInPart) {
  ConfigStore store = Open();
  std::filesystem::create_directories(state_.path() + "/history/000002.textproto.new");
  EXPECT_FALSE(store.Adopt({Version("one"), Version("two")}));
  EXPECT_TRUE(store.Numbers().empty());
}

}  // namespace
}  // namespace aloha::supervisor
