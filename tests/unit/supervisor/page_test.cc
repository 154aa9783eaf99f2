#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "supervisor/admin/handler.h"

namespace aloha::supervisor {
namespace {

class PageTest : public ::testing::Test {
 protected:
  PageTest() : list_(250) { std::iota(list_.begin(), list_.end(), 0); }

  Result<> Take(int size, const std::string& token) {
    page_.clear();
    next_.clear();
    return Page(list_, size, token, &next_, [this](int element) { page_.push_back(element); });
  }

  std::vector<int> list_, page_;
  std::string next_;
};

TEST_F(PageTest, PagesCoverTheListOnce) {
  std::vector<int> all;
  std::string token;
  do {
    ASSERT_TRUE(Take(60, token));
    all.insert(all.end(), page_.begin(), page_.end());
    token = next_;
  } while (!token.empty());
  EXPECT_EQ(all, list_);
}

TEST_F(PageTest, ZeroMeansAHundred) {
  ASSERT_TRUE(Take(0, ""));
  EXPECT_EQ(page_.size(), 100u);
  EXPECT_EQ(next_, "100");
}

TEST_F(PageTest, RefusesWhatIsNoSizeOrToken) {
  EXPECT_FALSE(Take(-1, ""));
  EXPECT_FALSE(Take(1001, ""));
  EXPECT_FALSE(Take(10, "ten"));
  EXPECT_FALSE(Take(10, "99999999999"));
  EXPECT_EQ(Take(10, "x").error().field, "page_token");
}

TEST_F(PageTest, ATokenBeyondTheEndIsAnEmptyPage) {
  ASSERT_TRUE(Take(10, "5000"));
  EXPECT_TRUE(page_.empty());
  EXPECT_TRUE(next_.empty());
}

}  // namespace
}  // namespace aloha::supervisor
