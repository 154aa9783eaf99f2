#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "cli/program.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;

std::string Script(const std::string& shell) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(RunProgram({"completion", shell}, out, err, false), kDone) << err.str();
  return out.str();
}

// What bash offers for the last of `words`, one a line.
std::string Offered(const std::string& words) {
  std::string pattern = "/tmp/alohactl-completion-XXXXXX";
  int fd = mkstemp(pattern.data());
  EXPECT_GE(fd, 0);
  close(fd);
  std::ofstream(pattern) << Script("bash") << "compopt() { :; }\nCOMP_WORDS=(alohactl " << words
                         << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                         << "_alohactl alohactl \"${COMP_WORDS[COMP_CWORD]}\"\n"
                         << "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  FILE* bash = popen(("bash " + pattern + " 2>&1").c_str(), "r");
  std::string text;
  for (int c = fgetc(bash); c != EOF; c = fgetc(bash)) text += static_cast<char>(c);
  EXPECT_EQ(pclose(bash), 0);
  unlink(pattern.c_str());
  return text;
}

TEST(Completion, NounsVerbsAndValues) {
  EXPECT_EQ(Offered("sta"), "status\nstats\n");
  EXPECT_EQ(Offered("service ''"), "list\nstart\nstop\nrestart\nreload\nauto\nmanual\n");
  EXPECT_EQ(Offered("--timeout 3 service stop h"), "haproxy\n");
  EXPECT_EQ(Offered("stats show -o j"), "json\n");
  EXPECT_EQ(Offered("completion b"), "bash\n");
  EXPECT_EQ(Offered("certificate ''"), "import\nlist\nshow\ndelete\nself-signed\n");
  EXPECT_EQ(Offered("certificate self-signed x --key-type r"), "rsa-2048\nrsa-3072\n");
}

TEST(Completion, OptionsOfTheVerbAndGlobalOnes) {
  EXPECT_EQ(Offered("service stop --n"), "--now\n");
  EXPECT_EQ(Offered("config apply --no"), "--note\n");
  EXPECT_THAT(Offered("service stop --"), HasSubstr("--endpoint\n"));
}

TEST(Completion, FilesWhereFilesAreMeant) {
  EXPECT_THAT(Offered("config apply /et"), HasSubstr("/etc\n"));
  EXPECT_THAT(Offered("--ca /et"), HasSubstr("/etc\n"));
  EXPECT_THAT(Offered("certificate import /et"), HasSubstr("/etc\n"));
  EXPECT_THAT(Offered("ca import /et"), HasSubstr("/etc\n"));
  EXPECT_THAT(Offered("certificate import x --ocsp /et"), HasSubstr("/etc\n"));
}

TEST(Completion, ZshScriptBeginsWithItsTag) {
  EXPECT_EQ(Script("zsh").substr(0, 18), "#compdef alohactl\n");
}

}  // namespace
}  // namespace aloha::cli
