#include "workers/keys/certificate_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <chrono>

#include "tests/unit/keys/pki.h"

namespace aloha::keys {
namespace {

using testing::HasSubstr;

TEST(CertificateFiles, PathsStayBelowTheFolder) {
  for (const char* good : {"web", "web.pem", "a/b/c.pem", "..data/x", "a..b"})
    EXPECT_TRUE(CheckPath(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("/etc/passwd"), std::string("../x"), std::string("a/../x"),
        std::string("a/.."), std::string("./a"), std::string("a//b"), std::string("a/"),
        std::string("a\0b", 3), std::string(1'025, 'x')})
    EXPECT_FALSE(CheckPath(bad)) << bad;
}

class CertificateFilesTest : public testing::Test {
 protected:
  CertificateFilesTest() {
    scratch_.Run("mkdir secrets");
    files_ = std::make_unique<CertificateFiles>(
        loop_, pool_, log_,
        Secrets{std::move(*Folder::Open(scratch_ / "secrets")), scratch_ / "secrets",
                std::move(*FolderWatch::Open())},
        [this](const CertificateFiles::Content& content, std::optional<PrivateKey> key) {
          EXPECT_EQ(content.has_content(), key.has_value());
          EXPECT_EQ(content.has_content(), content.problem().empty());
          ++num_changes_;
        });
  }
  ~CertificateFilesTest() override { pool_.join(); }

  static worker::v1::CertificateFile Named(const std::string& name, const std::string& path) {
    worker::v1::CertificateFile file;
    file.set_name(name);
    file.set_path(path);
    return file;
  }

  // Reads these; returns when all were read once.
  void Use(const std::vector<worker::v1::CertificateFile>& files) {
    bool read = false;
    files_->Use(files, [&read] { read = true; });
    Await([&read] { return read; });
  }

  template <typename Condition>
  void Await(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds() && std::chrono::steady_clock::now() < deadline)
      loop_.run_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(holds());
  }

  std::string CommonName(const std::string& name) const {
    const auto found = files_->contents().find(name);
    return found == files_->contents().end() ? "" : found->second.content().details().common_name();
  }
  std::string Problem(const std::string& name) const {
    const auto found = files_->contents().find(name);
    return found == files_->contents().end() ? "not read" : found->second.problem();
  }

  // Puts a certificate and its key where a pair is looked for.
  void Pair(const std::string& folder, const std::string& name) {
    scratch_.Run("mkdir -p secrets/" + folder);
    scratch_.Write("secrets/" + folder + "/tls.key", Pki().Read(name + ".key"));
    scratch_.Write("secrets/" + folder + "/tls.crt",
                   Pki().Read(name + ".pem") + Pki().Read("middle.pem"));
  }

  Scratch scratch_;
  Log log_{{.program = "test", .level = LogLevel::kAccess}};
  asio::io_context loop_;
  asio::thread_pool pool_{1};
  int num_changes_ = 0;
  std::unique_ptr<CertificateFiles> files_;
};

TEST_F(CertificateFilesTest, ReadsFilesAndPairs) {
  scratch_.Write("secrets/one.pem", Pki().Read("all.pem") + Pki().Read("rsa.key"));
  Pair("deep/down", "p256");
  Use({Named("one", "one.pem"), Named("pair", "deep/down")});
  EXPECT_EQ(CommonName("one"), "mail.example.org");
  EXPECT_EQ(CommonName("pair"), "p256.example.org");
  EXPECT_EQ(files_->contents().at("pair").content().chain_size(), 2);
}

TEST_F(CertificateFilesTest, TellsWhatIsWrong) {
  scratch_.Write("secrets/no-key.pem", Pki().Read("all.pem"));
  scratch_.Run("mkdir secrets/empty secrets/half");
  scratch_.Write("secrets/half/tls.crt", Pki().Read("rsa.pem"));
  Use({Named("a", "missing.pem"), Named("b", "no-key.pem"), Named("c", "empty"),
       Named("d", "half")});
  EXPECT_THAT(Problem("a"), HasSubstr("missing.pem: No such file or directory"));
  EXPECT_EQ(Problem("b"), "the file has no private key");
  EXPECT_EQ(Problem("c"), "empty is neither a file nor a folder with tls.crt");
  EXPECT_THAT(Problem("d"), HasSubstr("half/tls.key: No such file or directory"));
}

TEST_F(CertificateFilesTest, SeesAFileReplaced) {
  scratch_.Write("secrets/one.pem", Pki().Read("rsa.pem") + Pki().Read("rsa.key"));
  Use({Named("one", "one.pem")});
  scratch_.Write("new.pem", Pki().Read("p256.pem") + Pki().Read("p256.key"));
  scratch_.Run("mv new.pem secrets/one.pem");
  Await([this] { return CommonName("one") == "p256.example.org"; });
  EXPECT_EQ(num_changes_, 2);
}

TEST_F(CertificateFilesTest, SeesTheFolderComeLater) {
  Use({Named("pair", "some/where")});
  EXPECT_NE(Problem("pair"), "");
  Pair("some/where", "p384");
  Await([this] { return CommonName("pair") == "p384.example.org"; });
}

// Kubernetes: the files are links through ..data, which is swapped.
TEST_F(CertificateFilesTest, SeesLinksSwapped) {
  Pair("web/..first", "rsa");
  Pair("web/..second", "p256");
  scratch_.Run("cd secrets/web; ln -s ..first ..data; ln -s ..data/tls.crt; ln -s ..data/tls.key");
  Use({Named("web", "web")});
  EXPECT_EQ(CommonName("web"), "mail.example.org");
  scratch_.Run("cd secrets/web; ln -s ..second ..tmp; mv -T ..tmp ..data; rm -r ..first");
  Await([this] { return CommonName("web") == "p256.example.org"; });
  EXPECT_EQ(Problem("web"), "");
}

TEST_F(CertificateFilesTest, TellsWhenAFileBreaksAndWhenItIsGoodAgain) {
  scratch_.Write("secrets/one.pem", Pki().Read("rsa.pem") + Pki().Read("rsa.key"));
  Use({Named("one", "one.pem")});
  scratch_.Write("secrets/one.pem", "torn");
  Await([this] { return !Problem("one").empty(); });
  scratch_.Write("secrets/one.pem", Pki().Read("rsa.pem") + Pki().Read("rsa.key"));
  Await([this] { return Problem("one").empty(); });
  EXPECT_EQ(CommonName("one"), "mail.example.org");
}

TEST_F(CertificateFilesTest, WhatDoesNotChangeIsNotTold) {
  Pair("web", "rsa");
  Use({Named("web", "web")});
  Use({Named("web", "web")});
  EXPECT_EQ(num_changes_, 1);
  Use({});
  EXPECT_TRUE(files_->contents().empty());
}

TEST(CertificateFilesWithoutFolder, CannotBeUsed) {
  asio::io_context loop;
  const auto work = asio::make_work_guard(loop);
  asio::thread_pool pool{1};
  Log log{{.program = "test", .level = LogLevel::kAccess}};
  CertificateFiles files(loop, pool, log, std::nullopt, [](const auto&, auto) {});
  worker::v1::CertificateFile file;
  file.set_name("one");
  file.set_path("one.pem");
  files.Use({file}, [&loop] { loop.stop(); });
  loop.run_for(std::chrono::seconds(20));
  pool.join();
  ASSERT_EQ(files.contents().size(), 1U);
  EXPECT_EQ(files.contents().at("one").problem(), "there is no folder of secrets");
}

}  // namespace
}  // namespace aloha::keys
