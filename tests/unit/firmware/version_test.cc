#include "supervisor/firmware/version.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aloha::supervisor {
namespace {

TEST(FirmwareVersionTest, ThreeNumbersAndARevision) {
  for (const char* text : {"0.0.0", "1.4.0", "10.20.30-1", "1.4.0-2~rc1", "1.4.0-1+deb12u1"}) {
    EXPECT_TRUE(IsFirmwareVersion(text)) << text;
  }
  for (const char* text : {"", "1", "1.4", "1.4.0.1", "1.4.", "1.4.0-", "1.4.0-1-2", "v1.4.0",
                           "1.4.0 ", "1..0", "-1", "1.4.0-1/2", "1:1.4.0", "1.4.0\n"}) {
    EXPECT_FALSE(IsFirmwareVersion(text)) << text;
  }
  EXPECT_FALSE(IsFirmwareVersion("1.4." + std::string(70, '0')));
}

TEST(FirmwareVersionTest, TheOrderIsThatOfDpkg) {
  const std::vector<std::string> ordered = {
      "0.9.9",   "1.0.0~rc1", "1.0.0", "1.0.0-1~a", "1.0.0-1",  "1.0.0-1a", "1.0.0-1+b",
      "1.0.0-2", "1.0.0-10",  "1.0.1", "1.2.0",     "1.10.0-1", "2.0.0"};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t j = 0; j < ordered.size(); ++j) {
      const int order = CompareVersions(ordered[i], ordered[j]);
      EXPECT_EQ(order < 0, i < j) << ordered[i] << " " << ordered[j];
      EXPECT_EQ(order > 0, i > j) << ordered[i] << " " << ordered[j];
    }
  }
}

TEST(FirmwareVersionTest, OneVersionInTwoWritings) {
  EXPECT_EQ(CompareVersions("1.4.0", "1.4.0-0"), 0);
  EXPECT_EQ(CompareVersions("1.04.0", "1.4.0"), 0);
  EXPECT_EQ(CompareVersions("1.4.0-00", "1.4.0"), 0);
}

TEST(FirmwareVersionTest, NumbersOfAnyLength) {
  EXPECT_GT(CompareVersions("1.0.99999999999999999999999", "1.0.99999999999999999999998"), 0);
}

}  // namespace
}  // namespace aloha::supervisor
