#include "cli/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace aloha::cli {
namespace {

using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string pattern = "/tmp/alohactl-file-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/config.textproto";
  }
  ~FileTest() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }
  void Write(const std::string& text) { std::ofstream(path_) << text; }

  std::string folder_;
  std::string path_;
};

TEST_F(FileTest, ReadsAConfiguration) {
  Write("version_note: \"grün\"\n");
  EXPECT_EQ(ReadConfigFile(path_), "version_note: \"grün\"\n");
}

TEST_F(FileTest, RefusesWhatIsNoFile) {
  EXPECT_THAT(ReadConfigFile(folder_).error(), HasSubstr(folder_ + ": is a directory, not a file"));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(ReadConfigFile(path_).error(), HasSubstr(path_ + ": is a FIFO"));
  EXPECT_THAT(ReadConfigFile("/dev/null").error(), HasSubstr("is not a regular file"));
  EXPECT_THAT(ReadConfigFile("/nowhere/x").error(),
              HasSubstr("/nowhere/x: No such file or directory"));
}

TEST_F(FileTest, RefusesHugeFilesWithoutReadingThem) {
  Write("");
  ASSERT_EQ(truncate(path_.c_str(), 100 << 20), 0);
  EXPECT_THAT(ReadConfigFile(path_).error(),
              HasSubstr(path_ + ": has 100.0 MiB, more than the 4.0 MiB that are read"));
  ASSERT_EQ(truncate(path_.c_str(), kMaxConfigBytes), 0);
  EXPECT_TRUE(ReadConfigFile(path_).has_value());
}

TEST_F(FileTest, NamesThePlaceOfBytesThatAreNotUtf8) {
  Write("a: 1\n# \xC3\xA9 \xFF\n");
  EXPECT_EQ(ReadConfigFile(path_).error(), path_ + ":2:5: not UTF-8 text (byte 0xff)");
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    Write(bad);
    EXPECT_THAT(ReadConfigFile(path_).error(), HasSubstr(":1:1: not UTF-8")) << bad;
  }
}

}  // namespace
}  // namespace aloha::cli
