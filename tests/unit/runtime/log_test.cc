#include "workers/runtime/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "workers/runtime/unique_fd.h"

namespace aloha {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class LogTest : public testing::Test {
 protected:
  static int Memory(const char* name) {
    const int fd = memfd_create(name, 0);
    fcntl(fd, F_SETFL, O_APPEND);
    return fd;
  }
  static std::string Contents(int fd) {
    std::string text(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  // The log writes to standard error.
  void SetUp() override {
    before_.reset(dup(STDERR_FILENO));
    dup2(output_.get(), STDERR_FILENO);
  }
  void TearDown() override { dup2(before_.get(), STDERR_FILENO); }

  std::string Output() const { return Contents(output_.get()); }
  static std::vector<std::string> Texts(const std::vector<LogEntry>& entries) {
    std::vector<std::string> texts;
    for (const LogEntry& entry : entries) texts.push_back(entry.text);
    return texts;
  }

  UniqueFd before_;
  const UniqueFd output_{Memory("stderr")};
  const UniqueFd journal_{Memory("journal")};
};

TEST_F(LogTest, WritesOneLineForEachEvent) {
  Log log({.program = "aloha-test"});
  log.Info("first");
  log.Warning("second");
  log.Flush();
  const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{6}Z";
  EXPECT_THAT(Output(), MatchesRegex(time + " aloha-test\\[[0-9]+\\] info: first\n" + time +
                                     " aloha-test\\[[0-9]+\\] warning: second\n"));
}

TEST_F(LogTest, WritesJson) {
  Log log({.program = "aloha-test", .json = true});
  log.Info(R"(a "name" \x0a)");
  log.Flush();
  EXPECT_THAT(Output(), StartsWith("{\"time\":\""));
  EXPECT_THAT(Output(), HasSubstr(R"("program":"aloha-test")"));
  EXPECT_THAT(Output(), EndsWith(R"("level":"info","text":"a \"name\" \\x0a"})"
                                 "\n"));
}

TEST_F(LogTest, ObeysItsLevelButNotForAccessLines) {
  Log log({.program = "aloha-test", .level = LogLevel::kError});
  log.Info("quiet");
  log.Error("loud");
  log.Write(LogLevel::kAccess, "request");
  log.Flush();
  EXPECT_THAT(Texts(log.Recent(10)), ElementsAre("loud", "request"));
}

TEST_F(LogTest, TheJournalHasEventsAlone) {
  Log log({.program = "aloha-test", .journal_fd = journal_.get()});
  log.Info("event");
  log.Write(LogLevel::kAccess, "request");
  log.Flush();
  EXPECT_THAT(Contents(journal_.get()), HasSubstr("info: event\n"));
  EXPECT_THAT(Contents(journal_.get()), Not(HasSubstr("request")));
}

TEST_F(LogTest, TheJournalStaysSmall) {
  Log log({.program = "aloha-test", .journal_fd = journal_.get()});
  const std::string line(1'000, 'x');
  for (int i = 0; i < 500; ++i) {
    log.Info(line);
    if (i % 20 == 0) log.Flush();
  }
  log.Error("the last one");
  log.Flush();
  EXPECT_LT(Contents(journal_.get()).size(), 200U * 1024);
  EXPECT_THAT(Contents(journal_.get()), EndsWith("error: the last one\n"));
}

TEST_F(LogTest, KeepsTheNewestLines) {
  Log log({.program = "aloha-test"});
  for (int i = 0; i < 1'500; ++i) log.Info(std::to_string(i));
  log.Flush();
  EXPECT_EQ(log.Recent(5'000).size(), 1'000U);
  EXPECT_THAT(Texts(log.Recent(2)), ElementsAre("1498", "1499"));
  EXPECT_THAT(log.Recent(0), IsEmpty());
}

TEST_F(LogTest, WritesWhatWaitsBeforeItGoes) {
  {
    Log log({.program = "aloha-test"});
    log.Info("last words");
  }
  EXPECT_THAT(Output(), EndsWith("last words\n"));
}

TEST_F(LogTest, CountsWhatASlowReaderCosts) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  dup2(writer.get(), STDERR_FILENO);
  Log log({.program = "aloha-test"});
  constexpr int kLines = 35'000;
  const std::string line(1'000, 'x');
  // Must not block, though nobody reads.
  for (int i = 0; i < kLines; ++i) log.Info(line.substr(0, i % 997) + std::to_string(i));
  // At most 10,000 lines are on their way to the reader, and as many wait.
  EXPECT_GE(log.dropped(), kLines - 20'000U);
  dup2(output_.get(), STDERR_FILENO);
  std::thread drain([&reader] {
    char buffer[65536];
    while (read(reader.get(), buffer, sizeof(buffer)) > 0) {
    }
  });
  log.Flush();
  const_cast<UniqueFd&>(writer).reset();
  drain.join();
  const std::vector<LogEntry> newest = log.Recent(1'000);
  ASSERT_EQ(newest.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) {
    const int number = kLines - 1'000 + i;
    EXPECT_EQ(newest[static_cast<size_t>(i)].text,
              line.substr(0, number % 997) + std::to_string(number));
  }
}

TEST_F(LogTest, WatchersGetKeptLinesAndThenNewOnes) {
  Log log({.program = "aloha-test"});
  log.Info("a");
  log.Info("b");
  log.Flush();
  std::vector<std::string> seen;
  auto watch = log.Watch([&seen](const LogEntry& entry) { seen.push_back(entry.text); }, 1);
  log.Info("c");
  log.Flush();
  watch.reset();
  log.Info("d");
  log.Flush();
  EXPECT_THAT(seen, ElementsAre("b", "c"));
}

TEST_F(LogTest, AWatcherThatIsGoneIsNotCalled) {
  Log log({.program = "aloha-test"});
  std::atomic<bool> stop = false;
  std::thread chatter([&] {
    while (!stop) log.Info("chatter");
  });
  for (int i = 0; i < 200; ++i) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto watch =
        log.Watch([flag = alive.get()](const LogEntry&) { EXPECT_TRUE(flag->load()); }, 100);
    std::this_thread::yield();
    watch.reset();
    alive->store(false);  // and freed: a sanitizer would see a late call
  }
  stop = true;
  chatter.join();
}

}  // namespace
}  // namespace aloha
