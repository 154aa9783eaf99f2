#include "supervisor/access/totp.h"

#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

// RFC 6238, appendix B, for SHA-1: the last six of the eight digits there.
constexpr char kSecret[] = "12345678901234567890";

TEST(TotpTest, GivesTheCodesOfTheRfc) {
  EXPECT_EQ(FactorCode(kSecret, 59 / 30), "287082");
  EXPECT_EQ(FactorCode(kSecret, 1111111109 / 30), "081804");
  EXPECT_EQ(FactorCode(kSecret, 1234567890 / 30), "005924");
  EXPECT_EQ(FactorCode(kSecret, 20000000000 / 30), "353130");
}

TEST(TotpTest, TakesTheStepsBesideNowAsWell) {
  const uint64_t now = 41'152'263;
  const int64_t time = static_cast<int64_t>(now) * 30 + 7;
  for (const uint64_t step : {now - 1, now, now + 1}) {
    EXPECT_EQ(MatchFactorCode(kSecret, FactorCode(kSecret, step), time, 0), step);
  }
  EXPECT_FALSE(MatchFactorCode(kSecret, FactorCode(kSecret, now - 2), time, 0));
  EXPECT_FALSE(MatchFactorCode(kSecret, FactorCode(kSecret, now + 2), time, 0));
}

TEST(TotpTest, TakesNoCodeTwice) {
  const uint64_t now = 41'152'263;
  const int64_t time = static_cast<int64_t>(now) * 30;
  const std::string code = FactorCode(kSecret, now);
  EXPECT_TRUE(MatchFactorCode(kSecret, code, time, now - 1));
  EXPECT_FALSE(MatchFactorCode(kSecret, code, time, now));
  EXPECT_FALSE(MatchFactorCode(kSecret, code, time, now + 1));
}

TEST(TotpTest, RefusesWhatIsNoCode) {
  for (const char* code : {"", "12345", "1234567", "abcdef", "-12345", "28708\xff"})
    EXPECT_FALSE(MatchFactorCode(kSecret, code, 59, 0)) << code;
  EXPECT_FALSE(MatchFactorCode("", FactorCode("", 1), 59, 0)) << "without a secret none is right";
}

TEST(TotpTest, WritesBase32AsTheRfcDoes) {
  EXPECT_EQ(EncodeBase32(""), "");
  EXPECT_EQ(EncodeBase32("f"), "MY");
  EXPECT_EQ(EncodeBase32("fo"), "MZXQ");
  EXPECT_EQ(EncodeBase32("foob"), "MZXW6YQ");
  EXPECT_EQ(EncodeBase32("foobar"), "MZXW6YTBOI");
}

TEST(TotpTest, WritesAUrlThatApplicationsRead) {
  EXPECT_EQ(FactorUrl("Aloha lb 1", "admin", "foobar"),
            "otpauth://totp/Aloha%20lb%201:admin?secret=MZXW6YTBOI&issuer=Aloha%20lb%201");
}

TEST(TotpTest, SecretsAreRandom) {
  EXPECT_EQ(NewFactorSecret().size(), kFactorSecretBytes);
  EXPECT_NE(NewFactorSecret(), NewFactorSecret());
}

}  // namespace
}  // namespace aloha::supervisor
