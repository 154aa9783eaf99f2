#include "wui/server/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::wui {
namespace {

using supervisor::TemporaryFolder;
using testing::Contains;
using testing::Pair;

class StaticFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void SetUp() override {
    Write("index.html", "<html>");
    Write("assets/a-1.js", "script");
    Write("assets/a-1.js.gz", "packed");
    Write("favicon.svg", "<svg>");
    Write("secret.key", "no type");
  }

  TemporaryFolder folder_;
};

TEST_F(StaticFilesTest, ServesFilesRoutesAndNothingElse) {
  std::filesystem::create_symlink("/etc/passwd", folder_.path() + "/passwd.txt");
  const auto files = StaticFiles::Read(folder_.path());
  ASSERT_TRUE(files) << files.error().message;
  const auto answer = [&](std::string_view path) { return files->Answer({path, "", ""}); };
  EXPECT_EQ(answer("/").body, "<html>");
  EXPECT_EQ(answer("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(answer("/").cache_control, "no-store");
  EXPECT_EQ(answer("/config/imap").body, "<html>");
  EXPECT_EQ(answer("/assets/a-1.js").body, "script");
  EXPECT_EQ(answer("/assets/a-1.js").cache_control, "public, max-age=31536000, immutable");
  EXPECT_EQ(answer("/favicon.svg").content_type, "image/svg+xml");
  for (const char* path :
       {"/secret.key", "/passwd.txt", "/../etc/passwd.txt", "/assets/../index.html", "//index.html",
        "index.html", "/assets/a-1.js.gz", "/a.php", "/%69ndex.html"}) {
    EXPECT_EQ(answer(path).status, 404) << path;
  }
  EXPECT_EQ(answer("/..%2f..%2fetc%2fpasswd").status, 404);
}

TEST_F(StaticFilesTest, TheGuideIsNoRouteWithinThePage) {
  Write("guide/index.html", "contents");
  Write("guide/tls.html", "chapter");
  const auto files = StaticFiles::Read(folder_.path());
  const auto answer = [&](std::string_view path) { return files->Answer({path, "", ""}); };
  EXPECT_EQ(answer("/guide/").body, "contents");
  EXPECT_EQ(answer("/guide/").cache_control, "no-cache");
  EXPECT_EQ(answer("/guide/index.html").body, "contents");
  EXPECT_EQ(answer("/guide/tls.html").body, "chapter");
  EXPECT_EQ(answer("/guide").status, 301);
  EXPECT_THAT(answer("/guide").fields, Contains(Pair("Location", "/guide/")));
  for (const char* path : {"/guide/tls", "/guide/none.html", "/guide/tls/", "/guide//"})
    EXPECT_EQ(answer(path).status, 404) << path;
  EXPECT_EQ(answer("/guidebook").body, "<html>");
}

TEST_F(StaticFilesTest, CompressedForWhoTakesIt) {
  const auto files = StaticFiles::Read(folder_.path());
  const WebAnswer packed = files->Answer({"/assets/a-1.js", "br, gzip;q=0.5", ""});
  EXPECT_EQ(packed.body, "packed");
  EXPECT_THAT(packed.fields, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_THAT(packed.fields, Contains(Pair("Vary", "Accept-Encoding")));
  EXPECT_EQ(files->Answer({"/assets/a-1.js", "gzip;q=0", ""}).body, "script");
  EXPECT_EQ(files->Answer({"/", "gzip", ""}).body, "<html>");
  for (const char* yes : {"gzip", "GZIP", "deflate,gzip", "gzip ; q=1"})
    EXPECT_TRUE(AcceptsGzip(yes));
  for (const char* no : {"", "identity", "x-gzip2", "gzip;q=0.0"}) EXPECT_FALSE(AcceptsGzip(no));
}

TEST_F(StaticFilesTest, WhatIsKnownIsNotSentAgain) {
  const auto files = StaticFiles::Read(folder_.path());
  std::string tag;
  for (const auto& [name, value] : files->Answer({"/", "", ""}).fields) {
    if (name == "ETag") tag = value;
  }
  EXPECT_EQ(files->Answer({"/", "", tag}).status, 304);
  EXPECT_EQ(files->Answer({"/", "", "\"x\", W/" + tag}).status, 304);
  EXPECT_EQ(files->Answer({"/", "", "\"x\""}).status, 200);
}

TEST_F(StaticFilesTest, WithoutPagesItSaysSo) {
  EXPECT_FALSE(StaticFiles::Read(folder_.path() + "/none"));
  std::filesystem::remove(folder_.path() + "/index.html");
  EXPECT_FALSE(StaticFiles::Read(folder_.path()));
  EXPECT_EQ(StaticFiles().Answer({"/", "", ""}).status, 503);
}

TEST_F(StaticFilesTest, TooMuchIsRefused) {
  for (int i = 0; i < 600; ++i) Write("assets/" + std::to_string(i) + ".js", "x");
  EXPECT_FALSE(StaticFiles::Read(folder_.path()));
}

}  // namespace
}  // namespace aloha::wui
