// How does a line look to a syslog server?
#include "workers/health/syslog.h"

#include <gtest/gtest.h>

namespace aloha::health {
namespace {

worker::v1::ReportLine Line(const std::string& level, const std::string& text) {
  worker::v1::ReportLine line;
  line.set_time_us(1'764'403'200'000'042);
  line.set_program("aloha-proxy");
  line.set_level(level);
  line.set_text(text);
  return line;
}

TEST(Syslog, HasTheFormOfRfc5424) {
  EXPECT_EQ(FormatSyslog(Line("access", "127.0.0.1:4 [29/Nov/2025]"), "lb1"),
            "<134>1 2025-11-29T08:00:00.000042Z lb1 aloha-proxy - - - 127.0.0.1:4 [29/Nov/2025]");
}

TEST(Syslog, SaysHowBadItIs) {
  for (const auto& [level, priority] :
       {std::pair("error", "<131>"), {"warning", "<132>"}, {"info", "<134>"}, {"debug", "<135>"}}) {
    EXPECT_TRUE(FormatSyslog(Line(level, "x"), "lb1").starts_with(priority)) << level;
  }
}

TEST(Syslog, NoNameBreaksTheHeader) {
  worker::v1::ReportLine line = Line("info", "x");
  line.set_program("a b\n\xc3\xa9");
  EXPECT_TRUE(FormatSyslog(line, "").ends_with("Z - a_b___ - - - x"));
}

TEST(Syslog, CutsALongTextBetweenTwoCharacters) {
  const std::string fits(8'000, 'x');
  EXPECT_TRUE(FormatSyslog(Line("info", fits), "h").ends_with(" " + fits));
  const std::string most(7'999, 'x');
  EXPECT_TRUE(FormatSyslog(Line("info", most + "\xc3\xa9"), "h").ends_with(" " + most));
}

TEST(Syslog, ATimeBeforeTheEpochIsTheEpoch) {
  worker::v1::ReportLine line = Line("info", "x");
  line.set_time_us(-5);
  EXPECT_TRUE(FormatSyslog(line, "h").starts_with("<134>1 1970-01-01T00:00:00.000000Z "));
}

}  // namespace
}  // namespace aloha::health
