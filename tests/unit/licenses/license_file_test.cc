#include "supervisor/licenses/license_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/licenses/issuer.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<License> Read(const std::string& file) {
  const auto split = SplitLicenseFile(file);
  if (!split) return tl::make_unexpected(split.error());
  return ReadLicense(*split);
}

std::string Without(const std::string& text, const std::string& part) {
  const size_t at = text.find(part);
  return text.substr(0, at) + text.substr(at + part.size());
}

std::string Replaced(std::string text, const std::string& part, const std::string& by) {
  return text.replace(text.find(part), part.size(), by);
}

class LicenseFileTest : public testing::Test {
 protected:
  const Issuer issuer_{1};
};

TEST_F(LicenseFileTest, SaysWhatWasWritten) {
  const auto license = Read(issuer_.Issue(
      Fields("A-1",
             "feature: \"exchange\"\nfeature: \"ha\"\nuuid: \"DD89B2764D8BA8408CE405518880FC66\"\n"
             "ethid: \"00155D000A48\"\n")));
  ASSERT_TRUE(license) << license.error().message;
  EXPECT_EQ(license->says.serial(), "A-1");
  EXPECT_EQ(license->says.owner(), "Example");
  EXPECT_EQ(license->says.units(), 2u);
  EXPECT_THAT(license->says.feature(), ElementsAre("exchange", "ha"));
  EXPECT_EQ(license->says.uuid(), "DD89B2764D8BA8408CE405518880FC66");
  EXPECT_EQ(license->says.ethid(), "00155D000A48");
  EXPECT_EQ(license->from_s, 1'796'083'200);     // 2026-12-01 00:00:00 UTC
  EXPECT_EQ(license->expires_s, 1'827'619'199);  // 2027-11-30 23:59:59 UTC
}

TEST_F(LicenseFileTest, WithoutALastDayItNeverExpires) {
  const auto license = Read(issuer_.Issue(Without(Fields("A-1"), "expires: \"2027-11-30\"\n")));
  ASSERT_TRUE(license) << license.error().message;
  EXPECT_EQ(license->expires_s, 0);
}

TEST_F(LicenseFileTest, IsWrittenAsItWasRead) {
  const std::string file = issuer_.Issue(Fields("A-1"));
  EXPECT_EQ(JoinLicenseFile(SplitLicenseFile(file).value()), file);
}

TEST_F(LicenseFileTest, LineEndsOfMailDoNotMatter) {
  const std::string file = issuer_.Issue(Fields("A-1"));
  std::string mailed;
  for (const char c : file) mailed += c == '\n' ? "\r\n" : std::string(1, c);
  const auto split = SplitLicenseFile(mailed);
  ASSERT_TRUE(split);
  EXPECT_EQ(JoinLicenseFile(*split), file);
  EXPECT_TRUE(SplitLicenseFile(file.substr(0, file.size() - 1)));
}

TEST_F(LicenseFileTest, OtherCarriageReturnsAreRefused) {
  const std::string file = issuer_.Issue(Fields("A-1"));
  EXPECT_FALSE(SplitLicenseFile(Replaced(file, "units: 2\n", "units: 2\r\r\n")));
  EXPECT_FALSE(SplitLicenseFile(Replaced(file, "units: 2\n", "units: 2\r")));
}

TEST_F(LicenseFileTest, ACutOrLongerFileIsNone) {
  const std::string file = issuer_.Issue(Fields("A-1"));
  for (size_t size = 0; size + 1 < file.size(); ++size) {
    EXPECT_FALSE(SplitLicenseFile(file.substr(0, size))) << size;
  }
  EXPECT_FALSE(SplitLicenseFile(file + "more\n"));
  EXPECT_FALSE(SplitLicenseFile("Dear customer,\n" + file));
  EXPECT_FALSE(SplitLicenseFile(file + file));
  EXPECT_FALSE(SplitLicenseFile(std::string(kMaxLicenseBytes + 1, '\n')));
}

TEST_F(LicenseFileTest, ASignatureThatIsNoneIsTold) {
  const std::string file = issuer_.Issue(Fields("A-1"));
  const size_t at = file.find("SIGNATURE-----\n") + 15;
  for (const std::string& by : {std::string("*"), std::string("="), std::string(1, '\0')}) {
    std::string altered = file;
    altered.replace(at + 10, 1, by);
    EXPECT_FALSE(SplitLicenseFile(altered));
  }
}

TEST_F(LicenseFileTest, FieldsOutOfBoundsAreRefused) {
  const std::string good = Fields("A-1");
  const std::pair<std::string, std::string> wrong[] = {
      {"\"A-1\"", "\"\""},
      {"\"A-1\"", "\"../A-1\""},
      {"\"A-1\"", "\".hidden\""},
      {"\"A-1\"", "\"" + std::string(65, 'A') + "\""},
      {"\"Example\"", "\"\""},
      {"\"Example\"", "\"two\\nlines\""},
      {"\"Example\"", "\"" + std::string(201, 'x') + "\""},
      {"units: 2", "units: 0"},
      {"units: 2", "units: 1000001"},
      {"units: 2", "units: -1"},
      {"units: 2", "units: 2 units: 3"},
      {"units: 2", "unit: 2"},
      {"2026-12-01", "2026-12-1"},
      {"2026-12-01", "2026-02-30"},
      {"2026-12-01", "2026-12-0a"},
      {"2026-12-01", "1999-12-01"},
      {"2026-12-01", ""},
      {"2027-11-30", "2026-11-30"},
      {"2027-11-30", "never"},
      {"units: 2", "units: 2 feature: \"Upper\""},
      {"units: 2", "units: 2 feature: \"\""},
      {"units: 2", "units: 2 uuid: \"DD89\""},
      {"units: 2", "units: 2 ethid: \"00155d000a48\""},
      {"units: 2", "units: 2 \xff"},
  };
  ASSERT_TRUE(Read(issuer_.Issue(good)));
  for (const auto& [part, by] : wrong) {
    const auto read = Read(issuer_.Issue(Replaced(good, part, by)));
    ASSERT_FALSE(read) << by;
    EXPECT_EQ(read.error().code, Code::kInvalidArgument) << by;
  }
}

TEST_F(LicenseFileTest, ErrorsNameTheField) {
  const auto read = Read(issuer_.Issue(Replaced(Fields("A-1"), "units: 2", "units: 0")));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "units");
  EXPECT_THAT(read.error().message, HasSubstr("1 to 1000000"));
}

}  // namespace
}  // namespace aloha::supervisor
