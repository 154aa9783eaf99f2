// How long a private key signs on after its certificate was replaced.
#include "supervisor/old_keys.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <string>

namespace aloha::supervisor {
namespace {

using std::chrono_literals::operator""s;
using Keys = std::set<std::string>;

worker::v1::KeysSnapshot Snapshot(const Keys& keys) {
  worker::v1::KeysSnapshot snapshot;
  for (const std::string& key : keys) snapshot.add_keys(key);
  return snapshot;
}

// The certificate's key, and what is kept beside it.
class OldKeysTest : public testing::Test {
 protected:
  void Replace(const Keys& next, std::chrono::seconds when) {
    old_.Replace(Snapshot(current_), Snapshot(next), start_ + when);
    current_ = next;
  }

  Keys KeptAt(std::chrono::seconds when) {
    worker::v1::KeysSnapshot kept;
    old_.AddKept(start_ + when, kept);
    return {kept.keys().begin(), kept.keys().end()};
  }

  OldKeys old_;
  Keys current_ = {"a", "other"};
  const OldKeys::Time start_{1'000s};
};

TEST_F(OldKeysTest, AReplacedKeyIsKeptForItsTime) {
  Replace({"b", "other"}, 0s);
  EXPECT_EQ(KeptAt(0s), Keys{"a"});
  EXPECT_EQ(KeptAt(11s), Keys{"a"});
  EXPECT_EQ(KeptAt(12s), Keys{});
}

TEST_F(OldKeysTest, EachOfTwoHasATimeOfItsOwn) {
  Replace({"b", "other"}, 0s);
  Replace({"c", "other"}, 5s);
  EXPECT_EQ(KeptAt(5s), (Keys{"a", "b"}));
  EXPECT_EQ(KeptAt(11s), (Keys{"a", "b"}));
  EXPECT_EQ(KeptAt(12s), Keys{"b"});
  EXPECT_EQ(KeptAt(16s), Keys{"b"});
  EXPECT_EQ(KeptAt(17s), Keys{});
}

TEST_F(OldKeysTest, AChangeThatLeavesTheKeysProlongsNothing) {
  Replace({"b", "other"}, 0s);
  Replace({"b", "other"}, 11s);
  EXPECT_EQ(KeptAt(11s), Keys{"a"});
  EXPECT_EQ(KeptAt(12s), Keys{});
}

TEST_F(OldKeysTest, OneThatComesBackIsOldNoMore) {
  Replace({"b", "other"}, 0s);
  Replace({"a", "other"}, 5s);
  EXPECT_EQ(KeptAt(5s), Keys{"b"});
  Replace({"c", "other"}, 10s);
  EXPECT_EQ(KeptAt(16s), (Keys{"a", "b"}));
  EXPECT_EQ(KeptAt(17s), Keys{"a"});
  EXPECT_EQ(KeptAt(22s), Keys{});
}

TEST(AddKeysTest, AddsWhatIsNotThere) {
  worker::v1::KeysSnapshot keys = Snapshot({"a"});
  EXPECT_FALSE(AddKeys(Snapshot({"a"}), keys));
  EXPECT_TRUE(AddKeys(Snapshot({"a", "b"}), keys));
  EXPECT_EQ(Keys(keys.keys().begin(), keys.keys().end()), (Keys{"a", "b"}));
}

}  // namespace
}  // namespace aloha::supervisor
