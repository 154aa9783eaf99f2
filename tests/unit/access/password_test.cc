#include "supervisor/access/password.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::supervisor {
namespace {

bool IsGood(const std::string& password, const char* user = "carol") {
  return CheckNewPassword(user, password, "new_password").has_value();
}

TEST(PasswordTest, VerifiesItsOwnHashAndNoOther) {
  const std::string hash = HashPassword("tin whistle parade");
  EXPECT_TRUE(IsPasswordHash(hash));
  EXPECT_TRUE(VerifyPassword(hash, "tin whistle parade"));
  EXPECT_FALSE(VerifyPassword(hash, "tin whistle parades"));
  EXPECT_FALSE(VerifyPassword(hash, ""));
  EXPECT_NE(hash, HashPassword("tin whistle parade")) << "each has a salt of its own";
}

// Else an unknown name would be told by time.
TEST(PasswordTest, NobodysHashCostsWhatOthersCost) { EXPECT_TRUE(IsPasswordHash(kNobodysHash)); }

TEST(PasswordTest, TakesNoHashThatCostsMore) {
  std::string dear = kNobodysHash;
  dear.replace(dear.find("m=32768"), 7, "m=99999");
  EXPECT_FALSE(IsPasswordHash(dear));
  EXPECT_FALSE(IsPasswordHash(""));
  EXPECT_FALSE(IsPasswordHash("$argon2id$"));
  EXPECT_FALSE(IsPasswordHash("$6$rounds=5000$salt$hash"));
}

TEST(PasswordTest, TakesWhatNobodyGuesses) {
  EXPECT_TRUE(IsGood("tin whistle parade"));
  EXPECT_TRUE(IsGood("Vh7#kq92!mZx"));
  EXPECT_TRUE(IsGood("839201748592"));
  EXPECT_TRUE(IsGood("déjà-vu à Brême"));
  EXPECT_TRUE(IsGood("пароль-из-букв"));
  EXPECT_TRUE(IsGood(std::string("tin whistle parade") + std::string(238, 'x')));
}

TEST(PasswordTest, RefusesTooShortAndTooLong) {
  EXPECT_FALSE(IsGood("Vh7#kq92!mZ"));
  EXPECT_FALSE(IsGood("ééééééééééé")) << "eleven characters, however many bytes";
  EXPECT_FALSE(IsGood("tin whistle parade" + std::string(239, 'x')));
  EXPECT_FALSE(IsGood(""));
}

TEST(PasswordTest, RefusesWhatEverybodyTries) {
  for (const char* guess :
       {"passwordpassword", "Password1234!", "P@ssw0rd2024!", "administrator1", "aaaaaaaaaaaa",
        "abababababab", "qwertyuiop12", "1234567890123", "098765432109", "AlohaAloha2025",
        "letmein-letmein", "azertyuiop123", "Welcome2Aloha!", "changeme-2026", "1qaz2wsx3edc",
        "motdepasse2024", "correcthorsestaple", "abcdefghijklm", "Loadbalancer1!"}) {
    EXPECT_FALSE(IsGood(guess)) << guess;
  }
}

TEST(PasswordTest, RefusesTheName) {
  EXPECT_FALSE(IsGood("marguerite.1", "marguerite"));
  EXPECT_FALSE(IsGood("Marguerite2025", "marguerite"));
  EXPECT_TRUE(IsGood("Marguerite2025-hortensia", "marguerite"));
}

TEST(PasswordTest, RefusesControlCharactersAndBrokenText) {
  EXPECT_FALSE(IsGood("tin whistle\tparade"));
  EXPECT_FALSE(IsGood("tin whistle \xff parade"));
}

TEST(PasswordTest, SaysWhichFieldIsMeant) {
  const Result<> refused = CheckNewPassword("carol", "short", "new_password");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().field, "new_password");
}

}  // namespace
}  // namespace aloha::supervisor
