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

// Both nodes decrypt what either encrypted, and encrypt with the same key.
TEST_F(TicketKeysTest, MergesThoseOfTheOtherNode) {
  TemporaryFolder folder;
  TicketKeys other(folder.path() + "/keys");
  ASSERT_TRUE(keys_.Rotate(start_));
  ASSERT_TRUE(other.Rotate(start_ + minutes(1)));
  EXPECT_EQ(keys_.Merge(other.keys(), start_ + minutes(2)), true);
  EXPECT_EQ(other.Merge(keys_.keys(), start_ + minutes(2)), true);
  EXPECT_EQ(keys_.keys().SerializeAsString(), other.keys().SerializeAsString());
  ASSERT_EQ(keys_.keys().key_size(), 2);
  EXPECT_EQ(keys_.keys().key(0).made_s(), 1'800'000'060);
  EXPECT_EQ(keys_.Merge(other.keys(), start_ + minutes(2)), false);
  for (int hour = 1; hour < 10; ++hour) {
    const auto now = start_ + minutes(2) + hour * TicketKeys::kRotation;
    ASSERT_TRUE(keys_.Rotate(now));
    ASSERT_TRUE(other.Rotate(now));
    ASSERT_TRUE(keys_.Merge(other.keys(), now));
    ASSERT_TRUE(other.Merge(keys_.keys(), now));
    EXPECT_EQ(keys_.keys().SerializeAsString(), other.keys().SerializeAsString());
    EXPECT_LE(keys_.keys().key_size(), TicketKeys::kKeptOfBoth);
  }
}

TEST_F(TicketKeysTest, TakesNothingThatIsNoKeyOrTooOld) {
  ASSERT_TRUE(keys_.Rotate(start_));
  config::v1::TicketKeys others;
  auto* key = others.add_key();
  key->set_name(std::string(16, 'n'));
  key->set_secret(std::string(63, 's'));
  key->set_made_s(1'800'000'000);
  EXPECT_EQ(keys_.Merge(others, start_), false);
  key->set_secret(std::string(64, 's'));
  key->set_made_s(1'800'000'000 - 3 * 3600);
  EXPECT_EQ(keys_.Merge(others, start_), false);
  key->set_made_s(1'800'000'000 + 3600);
  EXPECT_EQ(keys_.Merge(others, start_), false);
  // The other node's clock is a little ahead: no reason to make a new one at once.
  key->set_made_s(1'800'000'000 + 5);
  EXPECT_EQ(keys_.Merge(others, start_), true);
  ASSERT_TRUE(keys_.Rotate(start_ + seconds(1)));
  EXPECT_EQ(keys_.keys().key_size(), 2);
}

}  // namespace
}  // namespace aloha::supervisor
