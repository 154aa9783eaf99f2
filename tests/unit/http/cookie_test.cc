// The Cookie field: finding a cookie, taking it out.
#include "workers/http/cookie.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::http {
namespace {

std::string Without(const std::string& field) {
  std::string out(field.size(), '\0');
  out.resize(RemoveCookie(field, "SRV", out.data()));
  return out;
}

TEST(CookieTest, IsFoundByItsWholeName) {
  EXPECT_EQ(FindCookie("SRV=a", "SRV"), "a");
  EXPECT_EQ(FindCookie("x=1; SRV=a; y=2", "SRV"), "a");
  EXPECT_EQ(FindCookie("x=1;SRV=a;y=2", "SRV"), "a");
  EXPECT_EQ(FindCookie("x=1;\tSRV=a ; y=2", "SRV"), "a");
  EXPECT_EQ(FindCookie("SRV=\"a\"", "SRV"), "a");
  EXPECT_EQ(FindCookie("SRV=a=b", "SRV"), "a=b");
  EXPECT_EQ(FindCookie("SRV=a; SRV=b", "SRV"), "a");
}

TEST(CookieTest, OthersAreNotTakenForIt) {
  for (const char* field : {"", ";", "; ;", "SRV", "SRV=", "srv=a", "XSRV=a", "SRVX=a", "SRV =a",
                            "x=SRV=a", "x=1,SRV=a"}) {
    EXPECT_EQ(FindCookie(field, "SRV"), "") << field;
  }
}

TEST(CookieTest, IsTakenOutAndTheRestStaysAsItCame) {
  const struct {
    const char *field, *left;
  } kCases[] = {
      {"SRV=a", ""},
      {"SRV=a; SRV=b", ""},
      {"SRV=", ""},
      {"SRV=a; x=1", "x=1"},
      {"x=1; SRV=a", "x=1"},
      {"x=1; SRV=a; y=2", "x=1; y=2"},
      {"x=1;SRV=a;y=2", "x=1;y=2"},
      {"x=\"a b\"; SRV=\"a\"; y", "x=\"a b\"; y"},
      {"XSRV=a; SRVX=b; srv=c", "XSRV=a; SRVX=b; srv=c"},
      {"; ;", ""},
      {"", ""},
  };
  for (const auto& one : kCases) EXPECT_EQ(Without(one.field), one.left) << one.field;
}

TEST(CookieTest, WhatIsLeftIsNeverLonger) {
  std::string field;
  for (int i = 0; i < 20'000; ++i) field += "a;";
  const std::string left = Without(field);
  EXPECT_EQ(left + ";", field);
}

}  // namespace
}  // namespace aloha::http
