#include "supervisor/access/accounts.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "supervisor/access/password.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

class AccountsTest : public testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/users.textproto"; }

  static Result<> SetHash(config::v1::Access& access) {
    access.mutable_account(0)->set_password_hash(kNobodysHash);
    access.mutable_account(0)->set_must_change_password(false);
    return {};
  }

  TemporaryFolder folder_;
  Accounts accounts_{Path()};
};

TEST(UserNameTest, HasItsForm) {
  for (const char* good : {"a", "admin", "carol.b", "x-1_2", "abcdefghijklmnopqrstuvwxyz012345"})
    EXPECT_TRUE(IsUserName(good)) << good;
  for (const char* bad : {"", "1a", ".a", "Admin", "a b", "a/b", "é", "root (uid 0)",
                          "abcdefghijklmnopqrstuvwxyz0123456"})
    EXPECT_FALSE(IsUserName(bad)) << bad;
}

TEST_F(AccountsTest, BeginWithTheFirstOne) {
  ASSERT_TRUE(accounts_.Load());
  EXPECT_TRUE(accounts_.first_sign_in());
  ASSERT_NE(accounts_.Find("admin"), nullptr);
  EXPECT_TRUE(accounts_.Find("admin")->must_change_password());
  accounts_.Flush();
  EXPECT_NE(access(Path().c_str(), F_OK), 0) << "nothing was set";
}

TEST_F(AccountsTest, AreKept) {
  ASSERT_TRUE(accounts_.Load());
  ASSERT_TRUE(accounts_.Change(SetHash));
  EXPECT_FALSE(accounts_.first_sign_in());
  struct stat file {};
  ASSERT_EQ(stat(Path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  Accounts later(Path());
  ASSERT_TRUE(later.Load());
  EXPECT_EQ(later.all().SerializeAsString(), accounts_.all().SerializeAsString());
}

TEST_F(AccountsTest, AChangeThatIsNotWrittenDoesNotCount) {
  Accounts nowhere(folder_.path() + "/nowhere/users.textproto");
  ASSERT_TRUE(nowhere.Load());
  EXPECT_FALSE(nowhere.Change(SetHash));
  EXPECT_TRUE(nowhere.first_sign_in());
}

TEST_F(AccountsTest, KeepAnAdministrator) {
  ASSERT_TRUE(accounts_.Load());
  const Result<> refused = accounts_.Change([](config::v1::Access& access) -> Result<> {
    access.mutable_account(0)->set_disabled(true);
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
  EXPECT_FALSE(accounts_.Find("admin")->disabled());
}

// Whatever happens to the file: the first password never comes back by itself.
TEST_F(AccountsTest, ABrokenFileLetsNobodyIn) {
  ASSERT_TRUE(accounts_.Load());
  ASSERT_TRUE(accounts_.Change(SetHash));
  std::ofstream(Path(), std::ios::app) << "# edited\n";
  for (int start = 0; start < 2; ++start) {
    Accounts later(Path());
    EXPECT_FALSE(later.Load());
    EXPECT_TRUE(later.broken());
    EXPECT_FALSE(later.first_sign_in());
    EXPECT_EQ(later.all().account_size(), 0);
    EXPECT_FALSE(later.Change(SetHash));
  }
}

TEST_F(AccountsTest, AFileThatCannotBeReadLetsNobodyIn) {
  ASSERT_EQ(mkdir(Path().c_str(), 0700), 0);
  EXPECT_FALSE(accounts_.Load());
  EXPECT_TRUE(accounts_.broken());
  EXPECT_FALSE(accounts_.first_sign_in());
}

TEST_F(AccountsTest, BeginAnewWhenToldSo) {
  std::ofstream(Path()) << "";
  ASSERT_FALSE(accounts_.Load());
  config::v1::Account admin;
  admin.set_name("admin");
  admin.set_role(config::v1::ACCESS_ADMIN);
  admin.set_password_hash(kNobodysHash);
  ASSERT_TRUE(accounts_.Renew(admin));
  EXPECT_FALSE(accounts_.broken());
  Accounts later(Path());
  EXPECT_TRUE(later.Load());
  EXPECT_NE(later.Find("admin"), nullptr);
}

TEST(CheckAccessTest, RefusesWhatIsNotWhole) {
  config::v1::Access access;
  EXPECT_FALSE(CheckAccess(access)) << "nobody";
  config::v1::Account* account = access.add_account();
  account->set_name("carol");
  account->set_role(config::v1::ACCESS_ADMIN);
  EXPECT_FALSE(CheckAccess(access)) << "no password";
  account->set_password_hash(kNobodysHash);
  EXPECT_TRUE(CheckAccess(access));
  account->set_second_factor("short");
  EXPECT_FALSE(CheckAccess(access));
  account->clear_second_factor();
  *access.add_account() = access.account(0);
  EXPECT_FALSE(CheckAccess(access)) << "twice";
  access.mutable_account()->RemoveLast();
  access.add_token()->set_name("backup");
  EXPECT_FALSE(CheckAccess(access)) << "a token without hash would be opened by nothing";
}

}  // namespace
}  // namespace aloha::supervisor
