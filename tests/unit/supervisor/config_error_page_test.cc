// Error pages from files, and the secret of persistence.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "supervisor/config/compile.h"
#include "supervisor/config/error_page.h"
#include "supervisor/config/persistence_secret.h"
#include "supervisor/config/secret_file.h"
#include "supervisor/config/validate.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ErrorPageTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    folder_.Write(name, content);
    return folder_.path() + "/" + name;
  }

  // What validation says of a page at this path.
  std::vector<std::string> Check(const std::string& path) {
    Facts facts;
    facts.read_page = ReadErrorPage;
    std::vector<std::string> lines;
    const std::string text = fmt::format("error_page {{ status: 503 file: \"{}\" }}", path);
    for (const Problem& problem : CheckConfig(text, facts).problems) {
      lines.push_back(problem.path + ": " + problem.message);
    }
    return lines;
  }

  TemporaryFolder folder_;
};

TEST_F(ErrorPageTest, TakesPagesUpTo32KiB) {
  EXPECT_TRUE(Check(Write("a.html", "<p>")).empty());
  EXPECT_TRUE(Check(Write("b.txt", std::string(32 * 1024, 'x'))).empty());
  EXPECT_THAT(Check(Write("c.txt", std::string(32 * 1024 + 1, 'x'))),
              ElementsAre(HasSubstr("is too large; at most 32768 bytes are read")));
}

TEST_F(ErrorPageTest, RefusesWhatIsNoFileWithoutWaitingForIt) {
  const std::string fifo = folder_.path() + "/fifo.html", directory = folder_.path() + "/d.html";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
  EXPECT_THAT(Check(fifo), ElementsAre(HasSubstr("is a FIFO, not a file")));
  EXPECT_THAT(Check(directory), ElementsAre(HasSubstr("is a folder, not a file")));
  EXPECT_THAT(Check(folder_.path() + "/none.html"),
              ElementsAre(HasSubstr("error_page[0].file: cannot open")));
  EXPECT_THAT(Check(Write("page.php", "x")), ElementsAre(HasSubstr("tells no content type")));
}

TEST_F(ErrorPageTest, BoundsWhatAllServicesHoldTogether) {
  const std::string path = Write("a.txt", std::string(1000, 'x'));
  std::string text = fmt::format("error_page {{ status: 503 file: \"{}\" }}", path);
  for (int i = 0; i < 3; ++i) {
    text += fmt::format(
        "virtual_service {{ name: \"v{}\" protocol: HTTP listener {{ port: {} }} redirect {{}} }}",
        i, 8000 + i);
  }
  Facts facts;
  facts.read_page = ReadErrorPage;
  facts.limits.error_pages = 5000;
  EXPECT_FALSE(HasErrors(CheckConfig(text, facts).problems));
  facts.limits.error_pages = 4999;
  const auto problems = CheckConfig(text, facts).problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr("1000 bytes are too many for 5 HTTP services"));
}

TEST_F(ErrorPageTest, LeavesTheBuiltInPageWhereAFileIsLost) {
  const std::string text = fmt::format(
      "error_page {{ status: 503 file: \"{}\" }} error_page {{ status: 404 file: "
      "\"{}/lost.txt\" }} virtual_service {{ name: \"v\" protocol: HTTP listener {{ "
      "port: 80 }} redirect {{}} }}",
      Write("a.html", "page"), folder_.path());
  const ParsedConfig checked = CheckConfig(text, Facts{});
  std::vector<std::string> failures;
  const Compiled compiled =
      Compile(checked.config, {.pages = ReadErrorPages(checked.config, failures)});
  EXPECT_THAT(failures, ElementsAre(HasSubstr("lost.txt")));
  const auto& pages = compiled.proxy.services(0).http().error_pages();
  ASSERT_EQ(pages.size(), 1);
  EXPECT_EQ(pages[0].status(), 503u);
  EXPECT_EQ(pages[0].body(), "page");
  EXPECT_EQ(pages[0].content_type(), "text/html; charset=utf-8");
}

TEST(PersistenceSecretTest, GivesOpaqueValuesThatDifferByCookieServerAndSecret) {
  const std::string secret(kSecretBytes, 's');
  const std::string value = CookieValue(secret, "SRV", "CAS1");
  EXPECT_EQ(value.size(), 16u);
  EXPECT_EQ(value.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(CookieValue(secret, "SRV", "CAS1"), value);
  EXPECT_NE(CookieValue(secret, "SRV", "CAS2"), value);
  EXPECT_NE(CookieValue(secret, "SRVC", "AS1"), value);
  EXPECT_NE(CookieValue(std::string(kSecretBytes, 't'), "SRV", "CAS1"), value);
  EXPECT_EQ(AuthorizationKey(secret).size(), kSecretBytes);
  EXPECT_NE(AuthorizationKey(secret), secret);
}

TEST(PersistenceSecretTest, IsMadeOnceAndKeptFromOthers) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/persistence.textproto";
  const KeptSecret first = LoadSecret(path);
  EXPECT_EQ(first.secret.size(), kSecretBytes);
  EXPECT_TRUE(first.fresh);
  EXPECT_TRUE(first.troubles.empty());
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  const KeptSecret second = LoadSecret(path);
  EXPECT_EQ(second.secret, first.secret);
  EXPECT_FALSE(second.fresh);
}

TEST(PersistenceSecretTest, IsMadeAnewWhereTheFileIsBroken) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/persistence.textproto";
  const std::string before = LoadSecret(path).secret;
  folder.Write("persistence.textproto", folder.Read("persistence.textproto").substr(0, 20));
  const KeptSecret torn = LoadSecret(path);
  EXPECT_TRUE(torn.fresh);
  EXPECT_NE(torn.secret, before);
  EXPECT_THAT(torn.troubles, ElementsAre(HasSubstr("set aside as")));
  EXPECT_EQ(LoadSecret(path).secret, torn.secret);
}

TEST(PersistenceSecretTest, ServesWhereItCannotBeKept) {
  const KeptSecret kept = LoadSecret("/nonexistent/persistence.textproto");
  EXPECT_EQ(kept.secret.size(), kSecretBytes);
  EXPECT_THAT(kept.troubles, ElementsAre(HasSubstr("cannot write")));
}

TEST(PersistenceSecretTest, ReachesTheProxyOnlyAsWhatFollowsFromIt) {
  const std::string secret(kSecretBytes, 's');
  const auto compile = [&](const std::string& persistence) {
    return Compile(CheckConfig("virtual_service { name: \"v\" protocol: HTTP listener { port: 80 } "
                               "server { name: \"a\" address: \"10.0.0.1\" port: 80 } " +
                                   persistence + "}",
                               Facts{})
                       .config,
                   {.secret = secret})
        .proxy;
  };
  EXPECT_EQ(compile("persistence { cookie {} }").persistence_key(), "");
  const auto proxy = compile("persistence { authorization_header {} }");
  EXPECT_EQ(proxy.persistence_key(), AuthorizationKey(secret));
  EXPECT_EQ(proxy.SerializeAsString().find(secret), std::string::npos);
}

}  // namespace
}  // namespace aloha::supervisor
