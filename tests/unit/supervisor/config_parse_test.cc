#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "supervisor/config/parse.h"
#include "supervisor/config/print.h"
#include "supervisor/config/validate.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::supervisor {
namespace {

std::string Problems(std::string_view text) {
  std::string all;
  for (const Problem& problem : ParseConfig(text).problems) all += FormatProblem(problem) + "\n";
  return all;
}

TEST(ParseConfigTest, ReadsWhatItPrints) {
  const ParsedConfig parsed =
      ParseConfig("version_note: \"grün\" imap { mode: CLEAR virtual_port: 0 }");
  ASSERT_TRUE(parsed.problems.empty());
  EXPECT_TRUE(parsed.config.imap().has_virtual_port());
  EXPECT_FALSE(parsed.config.imap().has_server_port());
  const std::string text = PrintText(parsed.config);
  EXPECT_NE(text.find("grün"), std::string::npos);
  EXPECT_EQ(PrintText(ParseConfig(text).config), text);
}

TEST(ParseConfigTest, AnEmptyTextIsAConfiguration) {
  EXPECT_EQ(Problems(""), "");
  EXPECT_EQ(Problems("# nothing\n"), "");
}

TEST(ParseConfigTest, IsNotMisledByATextThatQuotesTheParser) {
  EXPECT_NE(Problems("\"has no field named\": 1"), "");
  EXPECT_NE(Problems("imap { \" another member of oneof"), "");
}

TEST(ParseConfigTest, ReportsEveryUnknownFieldWhereItStands) {
  EXPECT_EQ(Problems("foo: 1\nimap {\n  mode: CLEAR modee: 3\n}\n  virtual_servise { x: 1 }\n"),
            "1:1: error: there is no field \"foo\" here\n"
            "3:15: error: there is no field \"modee\" here; did you mean \"mode\"?\n"
            "5:3: error: there is no field \"virtual_servise\" here; did you mean "
            "\"virtual_service\"?\n");
}

TEST(ParseConfigTest, NamesThePathOfAMistake) {
  EXPECT_EQ(
      Problems("virtual_service { name: \"a\" }\nvirtual_service { server { port: 1 }\n"
               "  server { port: x } }"),
      "3:18: error: virtual_service[1].server[1].port: x is not a number; write digits only\n");
}

TEST(ParseConfigTest, BoundsDepthSizeAndMessages) {
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += "imap {";
  EXPECT_NE(Problems(deep).find("is nested too deep"), 0u);
  EXPECT_FALSE(Problems(deep).empty());
  EXPECT_EQ(Problems(std::string(kMaxConfigBytes + 1, ' ')),
            "error: 4194305 bytes are too many; a configuration has at most 4194304\n");
  const std::string name(1'000'000, 'a');
  EXPECT_LT(Problems(name + " #" + name + "\n: 1 ?").size(), 1000u);
  EXPECT_LT(Problems("imap " + name).size(), 1000u);
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "x: 1\n";
  EXPECT_EQ(ParseConfig(words).problems.size(), 100u);
}

TEST(ParseConfigTest, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Problems(std::string("imap\n{ \0 }", 10)),
            "2:3: error: a NUL byte; this is not a text file\n");
  EXPECT_EQ(Problems("# \xff\n"),
            "1:3: error: a byte that is not UTF-8; write the file as UTF-8\n");
}

TEST(SourceMapTest, FindsTheFieldOrWhatItWouldStandIn) {
  const ParsedConfig parsed =
      ParseConfig("\nimap {\n  mode: CLEAR }\ncas_server { name: \"A\"\n weight: 3 }");
  std::vector<Problem> problems = {
      {.path = "imap.mode"},     {.path = "imap.virtual_port"}, {.path = "cas_server[0].weight"},
      {.path = "cas_server[7]"}, {.path = "http.mode"},         {.path = ""}};
  parsed.source.Locate(problems);
  const auto at = [&](size_t i) { return std::pair(problems[i].line, problems[i].column); };
  EXPECT_EQ(at(0), std::pair(3, 3));
  EXPECT_EQ(at(1), std::pair(2, 1));
  EXPECT_EQ(at(2), std::pair(5, 2));
  EXPECT_EQ(at(3), std::pair(0, 0));
  EXPECT_EQ(at(4), std::pair(0, 0));
  EXPECT_EQ(at(5), std::pair(0, 0));
}

class ReadConfigFileTest : public testing::Test {
 protected:
  ReadConfigFileTest() {
    char name[] = "/tmp/aloha-config-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ReadConfigFileTest() override { std::filesystem::remove_all(folder_); }

  std::string ErrorOf(const std::string& path) {
    const auto text = ReadConfigFile(path);
    return text ? "" : text.error().message;
  }

  std::string folder_;
};

TEST_F(ReadConfigFileTest, ReadsARegularFile) {
  const std::string path = folder_ + "/a";
  std::ofstream(path) << "imap {}";
  EXPECT_EQ(ReadConfigFile(path).value(), "imap {}");
}

TEST_F(ReadConfigFileTest, RefusesWhatIsNoFile) {
  const std::string fifo = folder_ + "/fifo", socket = folder_ + "/socket";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(ErrorOf(folder_), folder_ + " is a folder, not a file");
  EXPECT_EQ(ErrorOf(fifo), fifo + " is a FIFO, not a file");
  EXPECT_EQ(ErrorOf(socket), socket + " is a socket, not a file");
  EXPECT_EQ(ErrorOf("/dev/zero"), "/dev/zero is a device, not a file");
  EXPECT_EQ(ErrorOf(folder_ + "/none"),
            "cannot open " + folder_ + "/none: No such file or directory");
}

TEST_F(ReadConfigFileTest, RefusesAHundredMegabytesUnread) {
  const std::string path = folder_ + "/large";
  std::ofstream(path) << "x";
  ASSERT_EQ(truncate(path.c_str(), 100'000'000), 0);
  EXPECT_EQ(ErrorOf(path), path + " is too large; at most 4194304 bytes are read");
  // Files of /proc tell no size: the bound holds while reading as well.
  EXPECT_TRUE(ReadConfigFile("/proc/self/status"));
}

TEST_F(ReadConfigFileTest, NamesTheCauseWithoutPermission) {
  const std::string path = folder_ + "/secret";
  std::ofstream(path) << "x";
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  // Root may read everything: the same question is asked as nobody then.
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  const std::string error = ErrorOf(path);
  if (user == 0) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(error, "cannot open " + path + ": Permission denied");
}

}  // namespace
}  // namespace aloha::supervisor
