#include "supervisor/access/secret.h"

#include <gtest/gtest.h>

#include <set>

namespace aloha::supervisor {
namespace {

TEST(SecretTest, RandomSecretsHaveTheirFormAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string secret = NewRandomSecret();
    EXPECT_TRUE(IsRandomSecret(secret));
    EXPECT_TRUE(seen.insert(secret).second);
  }
}

TEST(SecretTest, KnowsATokenByItsForm) {
  const std::string secret = NewRandomSecret();
  EXPECT_TRUE(IsToken("aloha_" + secret));
  EXPECT_FALSE(IsToken(secret));
  EXPECT_FALSE(IsToken("aloha_" + secret + "A"));
  EXPECT_FALSE(IsToken("aloha_" + secret.substr(1)));
  EXPECT_FALSE(IsToken("aloha_" + secret.substr(1) + "="));
  EXPECT_FALSE(IsToken(""));
}

TEST(SecretTest, HashesAreOfOneLengthAndDiffer) {
  EXPECT_EQ(HashRandomSecret("a").size(), 32u);
  EXPECT_NE(HashRandomSecret("a"), HashRandomSecret("b"));
  EXPECT_EQ(HashRandomSecret("a"), HashRandomSecret("a"));
}

TEST(SecretTest, WipesWhatItOwns) {
  std::string text = "a password that is long enough for the heap";
  Wipe(text);
  EXPECT_EQ(text, std::string(text.size(), '\0'));
}

}  // namespace
}  // namespace aloha::supervisor
