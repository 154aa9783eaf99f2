#include "wui/server/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::wui {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

RequestFields Call() {
  RequestFields fields;
  fields.host = "10.0.0.17:4444";
  fields.content_type = "application/json";
  return fields;
}

int StatusOf(const RequestFields& fields) {
  const auto admitted = Admit(fields, "10.0.0.9");
  return admitted ? 200 : admitted.error().status;
}

TEST(GateTest, WhoShowsNothingIsToldByAddress) {
  const auto admitted = Admit(Call(), "10.0.0.9");
  ASSERT_TRUE(admitted);
  EXPECT_THAT(*admitted, ElementsAre(Pair("aloha-address", "10.0.0.9")));
}

TEST(GateTest, ASessionNeedsTheMark) {
  RequestFields fields = Call();
  fields.cookie = "other=1; __Host-aloha=tok_EN-1";
  EXPECT_EQ(StatusOf(fields), 403);
  fields.request_mark = "1";
  EXPECT_THAT(*Admit(fields, "a"), Contains(Pair("aloha-session", "tok_EN-1")));
  fields.cookie =
      "__Host-aloha=a\x01"
      "b";
  EXPECT_THAT(*Admit(fields, "a"), Not(Contains(Pair("aloha-session", testing::_))));
}

TEST(GateTest, ABearerTokenGoesBeforeACookie) {
  RequestFields fields = Call();
  fields.cookie = "__Host-aloha=session";
  fields.authorization = "bEaReR aloha_123";
  const auto admitted = Admit(fields, "a");
  ASSERT_TRUE(admitted);
  EXPECT_THAT(*admitted, Contains(Pair("aloha-token", "aloha_123")));
  EXPECT_THAT(*admitted, Not(Contains(Pair("aloha-session", testing::_))));
  for (const char* wrong : {"Basic YTpi", "Bearer ", "Bearer a b", "Bearer", "B"}) {
    fields.authorization = wrong;
    EXPECT_EQ(StatusOf(fields), 401) << wrong;
  }
}

TEST(GateTest, PagesOfOthersAreRefused) {
  RequestFields fields = Call();
  fields.origin = "https://10.0.0.17:4444";
  fields.fetch_site = "same-origin";
  EXPECT_EQ(StatusOf(fields), 200);
  fields.origin = "https://evil.example";
  EXPECT_EQ(StatusOf(fields), 403);
  fields.origin = "null";
  EXPECT_EQ(StatusOf(fields), 403);
  fields.origin = "http://10.0.0.17:4444";
  EXPECT_EQ(StatusOf(fields), 403);
  fields.origin.clear();
  for (const char* site : {"cross-site", "same-site", "x"}) {
    fields.fetch_site = site;
    EXPECT_EQ(StatusOf(fields), 403) << site;
  }
}

TEST(GateTest, FormsAndCompressionAreRefused) {
  RequestFields fields = Call();
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/json; charset=latin1", "application/json, text/plain"}) {
    fields.content_type = type;
    EXPECT_EQ(StatusOf(fields), 415) << type;
  }
  fields.content_type = "Application/JSON; charset=UTF-8";
  EXPECT_EQ(StatusOf(fields), 200);
  fields.content_encoding = "gzip";
  EXPECT_EQ(StatusOf(fields), 415);
  fields = Call();
  fields.twice = true;
  EXPECT_EQ(StatusOf(fields), 400);
  fields = Call();
  fields.protocol_version = "2";
  EXPECT_EQ(StatusOf(fields), 400);
}

TEST(GateTest, UserAgentsBecomePrintable) {
  RequestFields fields = Call();
  fields.user_agent = "M\xc3\xa4\xff\r\n" + std::string(1'000, 'x');
  const auto admitted = Admit(fields, "a");
  ASSERT_TRUE(admitted);
  for (const auto& [name, value] : *admitted) {
    EXPECT_TRUE(
        std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    EXPECT_LT(value.size(), 1'100u);
  }
}

TEST(GateTest, KnowsItsOwnHost) {
  const std::vector<std::string> names = {"lb1.example.org", "*.mail.example.org", "node7"};
  for (const char* host :
       {"10.0.0.1:4444", "[2001:db8::1]:4444", "[::1]", "localhost:4444", "LB1.example.org:4444",
        "lb1.corp.example", "lb1", "node7.lan:4444", "a.mail.example.org"}) {
    EXPECT_TRUE(IsOwnHost(host, names)) << host;
  }
  for (const char* host : {"", "evil.example", "rebind.10.0.0.1.example:4444",
                           "a.b.mail.example.org", "example.org", "[evil]"}) {
    EXPECT_FALSE(IsOwnHost(host, names)) << host;
  }
}

TEST(GateTest, CookiesAreForThisHostAndNoScript) {
  EXPECT_EQ(SessionCookie("tok", "3600"),
            "__Host-aloha=tok; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600");
  EXPECT_THAT(SessionCookie("", "3600"), HasSubstr("__Host-aloha=; "));
  EXPECT_THAT(SessionCookie("", "3600"), HasSubstr("Max-Age=0"));
  EXPECT_THAT(SessionCookie("a\r\nSet-Cookie: b=c", "1"), HasSubstr("__Host-aloha=; "));
}

}  // namespace
}  // namespace aloha::wui
