#include "cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "admin/v1/admin.pb.h"

namespace aloha::cli {
namespace {

TEST(Table, AlignsColumnsWithoutTrailingBlanks) {
  Table table({"NAME", ">SESSIONS", "REASON"});
  table.Add({"imap", 7, "answers"});
  table.Add({"a-long-name", 12345678901, ""});
  EXPECT_EQ(table.Render(false),
            "NAME            SESSIONS  REASON\n"
            "imap                   7  answers\n"
            "a-long-name  12345678901  -\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"N", "M"});
  table.Add({"é", "x"});
  table.Add({"ab", "y"});
  EXPECT_EQ(table.Render(false), "N   M\né   x\nab  y\n");
}

TEST(Table, ColoursDoNotChangeTheAlignment) {
  Table table({"CHECK", "X"});
  table.Add({{"UP", Color::kGood}, "1"});
  EXPECT_EQ(table.Render(true), "CHECK  X\n\033[32mUP\033[0m     1\n");
}

TEST(Table, EmptyListSaysWhatToDo) {
  std::ostringstream out;
  Output output(out, out, false);
  output.Write(Table({"A"}), "Nothing here: do this.");
  EXPECT_EQ(out.str(), "Nothing here: do this.\n");
}

TEST(Printable, KeepsTextAndDropsWhatDrivesATerminal) {
  EXPECT_EQ(Printable("grün\t\033[31m\x7f"), "grün??[31m?");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "?31m");
}

TEST(Format, Durations) {
  EXPECT_EQ(Duration(-5), "0s");
  EXPECT_EQ(Duration(59), "59s");
  EXPECT_EQ(Duration(192), "3m12s");
  EXPECT_EQ(Duration(3600 * 4 + 300), "4h5m");
  EXPECT_EQ(Duration(86400 * 12 + 3 * 3600), "12d3h");
  EXPECT_EQ(Age(0), "-");
}

TEST(Format, BytesAreIec) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(1023), "1023 B");
  EXPECT_EQ(Bytes(1536), "1.5 KiB");
  EXPECT_EQ(Bytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(Bytes(12ULL << 30), "12.0 GiB");
}

TEST(Output, JsonIsTheProtobufMappingAndStreamsTakeOneLine) {
  std::ostringstream out;
  Output output(out, out, false);
  admin::v1::LogLine line;
  line.set_text("x");
  EXPECT_FALSE(output.Structured(line));
  output.set_format(Format::kJson);
  EXPECT_TRUE(output.StructuredLine(line));
  EXPECT_EQ(out.str(),
            "{\"timeUs\":\"0\",\"worker\":\"\",\"level\":\"\",\"text\":\"x\",\"dropped\":\"0\"}\n");
  out.str("");
  output.set_format(Format::kTextproto);
  EXPECT_TRUE(output.StructuredLine(line));
  EXPECT_THAT(out.str(), testing::MatchesRegex("text: \"x\" ?\n"));
}

}  // namespace
}  // namespace aloha::cli
