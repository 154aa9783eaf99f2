#include "supervisor/certificates/ticket_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class TicketKeysTest : public testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/ticket-keys.textproto"; }

  TemporaryFolder folder_;
  TicketKeys keys_{Path()};
  const TicketKeys::TimePoint start_{seconds(1'800'000'000)};
};

TEST_F(TicketKeysTest, MakesOneAtTheStart) {
  ASSERT_TRUE(keys_.Load());
  ASSERT_TRUE(keys_.Rotate(start_));
  ASSERT_EQ(keys_.keys().key_size(), 1);
  EXPECT_EQ(keys_.keys().key(0).name().size(), 16u);
  EXPECT_EQ(keys_.keys().key(0).secret().size(), 64u);
  EXPECT_EQ(keys_.keys().key(0).made_s(), 1'800'000'000);
  EXPECT_EQ(keys_.due(), start_ + TicketKeys::kRotation);
}

TEST_F(TicketKeysTest, KeepsTwoRotationsBesideTheNewest) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(keys_.Rotate(start_ + i * TicketKeys::kRotation));
    names.push_back(keys_.keys().key(0).name());
  }
  ASSERT_EQ(keys_.keys().key_size(), 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(keys_.keys().key(i).name(), names[4 - i]);
}

TEST_F(TicketKeysTest, ChangesNothingBeforeItsTime) {
  ASSERT_TRUE(keys_.Rotate(start_));
  const std::string name = keys_.keys().key(0).name();
  ASSERT_TRUE(keys_.Rotate(start_ + TicketKeys::kRotation - seconds(1)));
  EXPECT_EQ(keys_.keys().key_size(), 1);
  EXPECT_EQ(keys_.keys().key(0).name(), name);
}

TEST_F(TicketKeysTest, OutlivesTheSupervisor) {
  ASSERT_TRUE(keys_.Rotate(start_));
  TicketKeys later(Path());
  ASSERT_TRUE(later.Load());
  ASSERT_TRUE(later.Rotate(start_ + minutes(30)));
  EXPECT_EQ(later.keys().SerializeAsString(), keys_.keys().SerializeAsString());
  struct stat file {};
  ASSERT_EQ(stat(Path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(TicketKeysTest, ForgetsKeysWhoseTicketsAreTooOld) {
  ASSERT_TRUE(keys_.Rotate(start_));
  ASSERT_TRUE(keys_.Rotate(start_ + 3 * TicketKeys::kRotation));
  EXPECT_EQ(keys_.keys().key_size(), 1);
}

TEST_F(TicketKeysTest, AClockSetBackMakesANewKey) {
  ASSERT_TRUE(keys_.Rotate(start_));
  const std::string name = keys_.keys().key(0).name();
  ASSERT_TRUE(keys_.Rotate(start_ - minutes(5)));
  EXPECT_EQ(keys_.keys().key_size(), 1);
  EXPECT_NE(keys_.keys().key(0).name(), name);
}

TEST_F(TicketKeysTest, ABrokenFileIsToldAndReplaced) {
  std::ofstream(Path()) << "key { name: \"short\" }\n";
  EXPECT_FALSE(keys_.Load());
  ASSERT_TRUE(keys_.Rotate(start_));
  TicketKeys later(Path());
  EXPECT_TRUE(later.Load());
}

}  // namespace
}  // namespace aloha::supervisor
