// Small parsers of the configuration: durations, addresses, paths, UTF-8.
#include <gtest/gtest.h>

#include "supervisor/config/address.h"
#include "supervisor/config/duration.h"
#include "supervisor/config/path.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

int64_t Milliseconds(std::string_view text) {
  const auto duration = ParseDuration(text);
  return duration ? duration->count() : -1;
}

TEST(DurationTest, ReadsNumbersWithUnits) {
  EXPECT_EQ(Milliseconds("25s"), 25'000);
  EXPECT_EQ(Milliseconds("0.01s"), 10);
  EXPECT_EQ(Milliseconds("200ms"), 200);
  EXPECT_EQ(Milliseconds("40m"), 2'400'000);
  EXPECT_EQ(Milliseconds("1h"), 3'600'000);
  EXPECT_EQ(Milliseconds("1.5h"), 5'400'000);
  EXPECT_EQ(Milliseconds("2d"), 172'800'000);
  EXPECT_EQ(Milliseconds("0s"), 0);
  EXPECT_EQ(Milliseconds("3650d"), 315'360'000'000);
}

TEST(DurationTest, RefusesEverythingElse) {
  for (const char* text :
       {"",      "s",    "25",     "25 s", " 25s", "25s ",  "-1s",   "+1s",     ".5s",
        "1.s",   ".s",   "1.2.3s", "1e3s", "25S",  "25sec", "0.5ms", "0.0001s", "99999999999999s",
        "4000d", "1,5s", "٣s",     "0x10s"}) {
    EXPECT_EQ(Milliseconds(text), -1) << text;
  }
}

TEST(DurationTest, FormatsTheShortestExactForm) {
  const auto format = [](int64_t ms) { return FormatDuration(std::chrono::milliseconds(ms)); };
  EXPECT_EQ(format(0), "0s");
  EXPECT_EQ(format(200), "200ms");
  EXPECT_EQ(format(25'000), "25s");
  EXPECT_EQ(format(90'000), "90s");
  EXPECT_EQ(format(2'400'000), "40m");
  EXPECT_EQ(format(7'200'000), "2h");
  EXPECT_EQ(format(1'860'000), "31m");
}

TEST(AddressTest, ReadsNumericAddressesOnly) {
  EXPECT_TRUE(ParseAddress("10.0.0.1"));
  EXPECT_TRUE(ParseAddress("2001:db8::1"));
  for (const char* text : {"", "10.0.0", "10.0.0.256", "localhost", "[::1]", "::1%lo", "10.0.0.1 ",
                           "010.0.0.1", "1.2.3.4.5", ":::"}) {
    EXPECT_FALSE(ParseAddress(text)) << text;
  }
  EXPECT_FALSE(ParseAddress(std::string("10.0.0.1\0x", 10)));
  EXPECT_EQ(FormatAddress(*ParseAddress("2001:DB8:0:0::1")), "2001:db8::1");
}

TEST(AddressTest, KnowsKinds) {
  EXPECT_TRUE(ParseAddress("0.0.0.0")->IsWildcard());
  EXPECT_TRUE(ParseAddress("::")->IsWildcard());
  EXPECT_TRUE(ParseAddress("224.0.0.18")->IsMulticast());
  EXPECT_TRUE(ParseAddress("255.255.255.255")->IsMulticast());
  EXPECT_TRUE(ParseAddress("ff02::12")->IsMulticast());
  EXPECT_FALSE(ParseAddress("223.0.0.1")->IsMulticast());
}

TEST(AddressTest, ReadsNetworks) {
  const auto network = ParseNetwork("10.0.0.0/8");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->Contains(*ParseAddress("10.255.0.1")));
  EXPECT_FALSE(network->Contains(*ParseAddress("11.0.0.1")));
  EXPECT_FALSE(network->Contains(*ParseAddress("::1")));
  EXPECT_TRUE(network->IsCanonical());
  EXPECT_FALSE(ParseNetwork("10.0.0.1/8")->IsCanonical());
  EXPECT_TRUE(ParseNetwork("0.0.0.0/0")->Contains(*ParseAddress("1.2.3.4")));
  EXPECT_TRUE(ParseNetwork("2001:db8::/33")->Contains(*ParseAddress("2001:db8:7fff::1")));
  EXPECT_FALSE(ParseNetwork("2001:db8::/33")->Contains(*ParseAddress("2001:db8:8000::1")));
  EXPECT_EQ(ParseNetwork("10.0.0.5")->prefix, 32);
  for (const char* text :
       {"10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/-1", "10.0.0.0/8/8", "x/8"}) {
    EXPECT_FALSE(ParseNetwork(text)) << text;
  }
}

TEST(AddressTest, ReadsNetmasks) {
  EXPECT_EQ(ParseNetmask("255.255.0.0", 32), 16);
  EXPECT_EQ(ParseNetmask("255.255.255.255", 32), 32);
  EXPECT_EQ(ParseNetmask("0.0.0.0", 32), 0);
  EXPECT_EQ(ParseNetmask("16", 32), 16);
  EXPECT_EQ(ParseNetmask("64", 128), 64);
  EXPECT_FALSE(ParseNetmask("255.0.255.0", 32));
  EXPECT_FALSE(ParseNetmask("64", 32));
  EXPECT_FALSE(ParseNetmask("255.255.0.0", 128));
}

TEST(PathTest, ReadsSteps) {
  const auto steps = ParsePath("virtual_service[2].server[0].port");
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_EQ((*steps)[0].name, "virtual_service");
  EXPECT_EQ((*steps)[0].index, 2);
  EXPECT_EQ((*steps)[2].index, -1);
  for (const char* path : {"", ".", "a.", ".a", "a[", "a[]", "a[-1]", "a[x]", "a]", "[0]",
                           "a[99999999999]", "a[0]b", "a[0][1]"}) {
    EXPECT_FALSE(ParsePath(path)) << path;
  }
}

TEST(Utf8Test, FindsTheFirstBadByte) {
  EXPECT_EQ(FindInvalidUtf8("grüße €𝄞"), std::string::npos);
  EXPECT_EQ(FindInvalidUtf8("ab\xff"), 2u);
  EXPECT_EQ(FindInvalidUtf8("\xc0\xaf"), 0u);          // overlong
  EXPECT_EQ(FindInvalidUtf8("\xed\xa0\x80"), 0u);      // surrogate
  EXPECT_EQ(FindInvalidUtf8("\xf4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(FindInvalidUtf8("a\xe2\x82"), 1u);         // cut off
}

TEST(Utf8Test, QuotesWhatComesFromOutside) {
  EXPECT_EQ(Quote("grün"), "\"grün\"");
  EXPECT_EQ(Quote("a\n\"\\\xff"), "\"a\\x0a\\x22\\x5c\\xff\"");
  EXPECT_LT(Quote(std::string(1000, 'x')).size(), 70u);
}

}  // namespace
}  // namespace aloha::supervisor
