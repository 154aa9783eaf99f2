#include "supervisor/access/sign_ins.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class SignInsTest : public testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/sign-ins.textproto"; }
  SignIns Make() {
    return SignIns(Path(), [this] { return now_; });
  }
  std::string FileText() const {
    std::ifstream file(Path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  std::chrono::microseconds now_ = minutes(1'000);
};

TEST_F(SignInsTest, KnowsWhoShowsTheToken) {
  SignIns sign_ins = Make();
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "Firefox");
  const SignIns::Session* session = sign_ins.Find(token, true);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->user(), "carol");
  EXPECT_EQ(session->address(), "10.0.0.9");
  EXPECT_EQ(sign_ins.Find(token.substr(1) + "A", true), nullptr);
  EXPECT_EQ(sign_ins.Find("", true), nullptr);
  EXPECT_EQ(sign_ins.Find(SignIns::IdOf(*session), true), nullptr) << "its name opens nothing";
}

TEST_F(SignInsTest, EndsWhenIdle) {
  SignIns sign_ins = Make();
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "");
  now_ += SignIns::kIdle - seconds(1);
  EXPECT_NE(sign_ins.Find(token, true), nullptr);
  now_ += SignIns::kIdle - seconds(1);
  EXPECT_NE(sign_ins.Find(token, false), nullptr) << "was used meanwhile";
  now_ += seconds(2);
  EXPECT_EQ(sign_ins.Find(token, true), nullptr) << "only to look is no use of it";
}

TEST_F(SignInsTest, EndsAfterTwelveHoursWhateverItDoes) {
  SignIns sign_ins = Make();
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "");
  for (int i = 0; i < 71; ++i) {
    now_ += minutes(10);
    ASSERT_NE(sign_ins.Find(token, true), nullptr) << i;
  }
  now_ += minutes(10);
  EXPECT_EQ(sign_ins.Find(token, true), nullptr);
  EXPECT_TRUE(sign_ins.List().empty());
}

TEST_F(SignInsTest, OutlivesTheSupervisorAsAHashAlone) {
  SignIns sign_ins = Make();
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "Firefox");
  EXPECT_EQ(FileText().find(token), std::string::npos);
  struct stat file {};
  ASSERT_EQ(stat(Path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  SignIns later = Make();
  ASSERT_TRUE(later.Load());
  EXPECT_NE(later.Find(token, true), nullptr);
  now_ = minutes(1);  // a boot
  SignIns rebooted = Make();
  ASSERT_TRUE(rebooted.Load());
  EXPECT_EQ(rebooted.Find(token, true), nullptr);
}

TEST_F(SignInsTest, AnEndIsKeptAtOnce) {
  SignIns sign_ins = Make();
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "");
  const std::string other = sign_ins.Begin("carol", "10.0.0.9", "");
  ASSERT_TRUE(sign_ins.End(SignIns::IdOf(*sign_ins.Find(token, false))));
  EXPECT_FALSE(sign_ins.End("0123456789abcdef"));
  SignIns later = Make();
  ASSERT_TRUE(later.Load());
  EXPECT_EQ(later.Find(token, true), nullptr);
  EXPECT_NE(later.Find(other, true), nullptr);
}

TEST_F(SignInsTest, EndsAllOfAUserButOne) {
  SignIns sign_ins = Make();
  const std::string kept = sign_ins.Begin("carol", "10.0.0.9", "");
  const std::string ended = sign_ins.Begin("carol", "10.0.0.9", "");
  const std::string dave = sign_ins.Begin("dave", "10.0.0.9", "");
  sign_ins.EndOf("carol", SignIns::IdOf(*sign_ins.Find(kept, false)));
  EXPECT_NE(sign_ins.Find(kept, false), nullptr);
  EXPECT_EQ(sign_ins.Find(ended, false), nullptr);
  EXPECT_NE(sign_ins.Find(dave, false), nullptr);
}

TEST_F(SignInsTest, IsBounded) {
  SignIns sign_ins = Make();
  const std::string dave = sign_ins.Begin("dave", "10.0.0.9", "");
  std::string newest;
  for (int i = 0; i < 50; ++i) {
    now_ += seconds(1);
    newest = sign_ins.Begin("carol", "10.0.0.9", "");
  }
  EXPECT_EQ(sign_ins.List().size(), SignIns::kMostPerUser + 1);
  EXPECT_NE(sign_ins.Find(newest, false), nullptr);
  EXPECT_NE(sign_ins.Find(dave, false), nullptr) << "carol has her share, and no more";
  for (int i = 0; i < 300; ++i) sign_ins.Begin(fmt::format("user{}", i), "10.0.0.9", "");
  EXPECT_EQ(sign_ins.List().size(), SignIns::kMost);
}

TEST_F(SignInsTest, ABrokenFileEndsSessionsAndSaysSo) {
  std::ofstream(Path()) << "session { user: \"admin\" }\n";
  SignIns sign_ins = Make();
  const Result<> loaded = sign_ins.Load();
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(sign_ins.List().empty());
}

TEST_F(SignInsTest, LivesWithoutADisk) {
  SignIns sign_ins(folder_.path() + "/nowhere/file", [this] { return now_; });
  const std::string token = sign_ins.Begin("carol", "10.0.0.9", "");
  EXPECT_NE(sign_ins.Find(token, true), nullptr);
  EXPECT_FALSE(sign_ins.problem().empty());
}

}  // namespace
}  // namespace aloha::supervisor
