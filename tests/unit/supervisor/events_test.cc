#include "supervisor/events.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aloha::supervisor {
namespace {

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() {
    char name[] = "/tmp/events-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/events.jsonl";
  }
  ~EventsTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_, path_;
  Log log_{{.program = "events_test", .level = LogLevel::kError}};
};

TEST_F(EventsTest, SurviveARestart) {
  {
    Events events(log_, path_);
    events.Add(Event::INFO, "config", "version 1", "applied", "root (uid 0)",
               "Configuration/ApplyConfig");
    events.Add(Event::WARNING, "check", "imap/CAS1", "DOWN: connection refused");
  }
  Events events(log_, path_);
  ASSERT_EQ(events.all().size(), 2u);
  EXPECT_EQ(events.all()[0].actor(), "root (uid 0)");
  EXPECT_EQ(events.all()[0].method(), "Configuration/ApplyConfig");
  EXPECT_EQ(events.all()[1].severity(), Event::WARNING);
  EXPECT_EQ(events.Add(Event::INFO, "x", "y", "z").id(), 3u);
}

TEST_F(EventsTest, ATornLastLineIsPassedOver) {
  {
    Events events(log_, path_);
    events.Add(Event::INFO, "config", "version 1", "applied");
  }
  std::ofstream(path_, std::ios::app) << "{\"id\":\"2\",\"text\":\"to";
  Events events(log_, path_);
  EXPECT_EQ(events.all().size(), 1u);
}

TEST_F(EventsTest, TextFromOutsideIsEscaped) {
  Events events(log_, path_);
  EXPECT_EQ(events.Add(Event::INFO, "session", "a\nb", "sni \xff\x01").text(), "sni \\xff\\x01");
  EXPECT_EQ(events.all().back().object(), "a\\x0ab");
}

TEST_F(EventsTest, WithoutAFileTheyStayInMemory) {
  Events events(log_, folder_ + "/no/such/folder/events.jsonl");
  events.Add(Event::INFO, "config", "version 1", "applied");
  EXPECT_EQ(events.all().size(), 1u);
}

TEST_F(EventsTest, WatchersHearUntilTheyLetGo) {
  Events events(log_, path_);
  int heard = 0;
  auto watch = events.Watch([&](const Event&) { ++heard; });
  events.Add(Event::INFO, "a", "b", "c");
  watch.reset();
  events.Add(Event::INFO, "a", "b", "c");
  EXPECT_EQ(heard, 1);
}

TEST_F(EventsTest, MemoryAndFileAreBounded) {
  Events events(log_, path_);
  for (size_t i = 0; i < 2 * Events::kKept + 10; ++i) events.Add(Event::INFO, "a", "b", "c");
  EXPECT_EQ(events.all().size(), Events::kKept);
  std::ifstream file(path_);
  size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  EXPECT_LE(lines, 2 * Events::kKept);
  EXPECT_GE(lines, Events::kKept);
}

}  // namespace
}  // namespace aloha::supervisor
