#include <gtest/gtest.h>

#include <string>

#include "workers/runtime/log.h"

namespace aloha {
namespace {

using std::string_literals::operator""s;

TEST(EscapeForLog, LeavesTextAlone) {
  for (const char* text :
       {"", "GET /owa/ HTTP/1.1", "\"quoted\"", "Grüße, 日本語, \xf0\x9f\x93\xa7"}) {
    EXPECT_EQ(EscapeForLog(text), text);
  }
}

TEST(EscapeForLog, EscapesControlBytesAndBackslash) {
  EXPECT_EQ(EscapeForLog("a\r\nb\tc\x1b[31m\x7f"), "a\\x0d\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(EscapeForLog("nul\0byte"s), "nul\\x00byte");
  // Else "\x0a" in the input could not be told from an escaped line end.
  EXPECT_EQ(EscapeForLog("\\x0a"), "\\x5cx0a");
  EXPECT_EQ(EscapeForLog("\xc2\x85"), "\\xc2\\x85") << "U+0085 is a line end to some readers";
}

TEST(EscapeForLog, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(EscapeForLog("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(EscapeForLog("caf\xe9!"), "caf\\xe9!") << "Latin-1";
  EXPECT_EQ(EscapeForLog("\xc3"), "\\xc3") << "cut off";
  EXPECT_EQ(EscapeForLog("\xe2\x82"), "\\xe2\\x82") << "cut off";
  EXPECT_EQ(EscapeForLog("\xf0\x9f\x93"), "\\xf0\\x9f\\x93") << "cut off";
  EXPECT_EQ(EscapeForLog("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(EscapeForLog("\xe0\x80\xaf"), "\\xe0\\x80\\xaf") << "overlong";
  EXPECT_EQ(EscapeForLog("\xf0\x80\x80\x80"), "\\xf0\\x80\\x80\\x80") << "overlong";
  EXPECT_EQ(EscapeForLog("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(EscapeForLog("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
  EXPECT_EQ(EscapeForLog("\x80z"), "\\x80z");
}

TEST(LogLevel, NamesComeBack) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(ParseLogLevel(LogLevelName(level)), level);
  }
  EXPECT_FALSE(ParseLogLevel("access")) << "no threshold";
  EXPECT_FALSE(ParseLogLevel(""));
  EXPECT_FALSE(ParseLogLevel("INFO"));
}

}  // namespace
}  // namespace aloha
