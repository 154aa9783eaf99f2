// alohactl config against a supervisor that accepts and refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/unit/cli/fake_supervisor.h"

namespace aloha::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    supervisor_.configuration.running.set_version(7);
    supervisor_.configuration.running.set_text("version_note: \"before\"\n");
    supervisor_.configuration.running.mutable_config()->set_version_note("before");
    file_ = supervisor_.folder + "/farm.textproto";
    std::ofstream(file_) << "version_note: \"file\"\n";
  }
  ~ConfigTest() override {
    for (const std::string& path : {file_, Editor(), Seen()}) unlink(path.c_str());
    unsetenv("VISUAL");
  }

  void AddFinding(admin::FieldViolation::Severity severity) {
    admin::FieldViolation& finding = *supervisor_.configuration.findings.Add();
    finding.set_path("imap.virtual_port");
    finding.set_message("143 is used twice");
    finding.set_line(12);
    finding.set_column(3);
    finding.set_severity(severity);
  }

  std::string Editor() const { return supervisor_.folder + "/editor"; }
  std::string Seen() const { return supervisor_.folder + "/seen"; }

  // An editor that keeps what it saw and then runs `script` on the file "$1".
  void UseEditor(const std::string& script) {
    std::ofstream(Editor()) << "cat \"$1\" >>" << Seen() << "; stat -c %a \"$1\" >>" << Seen()
                            << "\n"
                            << script << "\n";
    setenv("VISUAL", ("sh " + Editor()).c_str(), 1);
  }
  std::string WhatTheEditorSaw() const {
    std::ifstream stream(Seen());
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  FakeSupervisor supervisor_;
  std::string file_;
};

TEST_F(ConfigTest, ShowPrintsCanonicalText) {
  supervisor_.configuration.running.set_unsaved_changes(true);
  Outcome outcome = supervisor_.Run({"config", "show"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.out, "version_note: \"before\"\n");
  EXPECT_THAT(outcome.err, HasSubstr("unsaved changes"));
}

TEST_F(ConfigTest, ValidatePrintsEveryFinding) {
  AddFinding(admin::FieldViolation::ERROR);
  AddFinding(admin::FieldViolation::WARNING);
  Outcome outcome = supervisor_.Run({"config", "validate", file_});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, file_ + ":12:3: error: imap.virtual_port: 143 is used twice\n" + file_ +
                             ":12:3: warning: imap.virtual_port: 143 is used twice\n");
  EXPECT_EQ(supervisor_.configuration.validated.text(), "version_note: \"file\"\n");
}

TEST_F(ConfigTest, ApplySendsTheFileAndPrintsWarnings) {
  AddFinding(admin::FieldViolation::WARNING);
  supervisor_.configuration.warnings = supervisor_.configuration.findings;
  Outcome outcome =
      supervisor_.Run({"config", "apply", file_, "--confirm", "60", "--save", "--note", "why"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("version 8 runs"));
  EXPECT_THAT(outcome.err, HasSubstr("farm.textproto:12:3: warning: "));
  EXPECT_THAT(outcome.err, HasSubstr("undone in 60 s unless confirmed"));
  ASSERT_THAT(supervisor_.configuration.applied, SizeIs(1));
  const admin::ApplyConfigRequest& request = supervisor_.configuration.applied[0];
  EXPECT_EQ(request.source().text(), "version_note: \"file\"\n");
  EXPECT_EQ(request.confirm_within_s(), 60);
  EXPECT_TRUE(request.save());
  EXPECT_EQ(request.note(), "why");
  EXPECT_EQ(request.expected_version(), 0);
}

TEST_F(ConfigTest, RefusedApplyNamesFileLineAndColumn) {
  AddFinding(admin::FieldViolation::ERROR);
  supervisor_.configuration.refusals = 1;
  Outcome outcome = supervisor_.Run({"config", "apply", file_});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.err, file_ +
                             ":12:3: error: imap.virtual_port: 143 is used twice\n"
                             "alohactl: the configuration is not valid\n");
}

TEST_F(ConfigTest, ThousandsOfFindingsArrive) {
  for (int i = 0; i < 2000; ++i) AddFinding(admin::FieldViolation::ERROR);
  supervisor_.configuration.refusals = 1;
  Outcome outcome = supervisor_.Run({"config", "apply", file_});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2001);
}

TEST_F(ConfigTest, UnreadableFileIsRefusedWithoutACall) {
  Outcome outcome = supervisor_.Run({"config", "apply", supervisor_.folder});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "alohactl: " + supervisor_.folder + ": is a directory, not a file\n");
  EXPECT_THAT(supervisor_.configuration.applied, IsEmpty());
}

TEST_F(ConfigTest, SetChangesOneFieldOfTheRunningVersion) {
  Outcome outcome = supervisor_.Run({"config", "set", "imap.mode", "SSL_FORWARD"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  ASSERT_THAT(supervisor_.configuration.applied, SizeIs(1));
  const admin::ApplyConfigRequest& request = supervisor_.configuration.applied[0];
  EXPECT_EQ(request.source().config().ShortDebugString(),
            "version_note: \"before\" imap { mode: SSL_FORWARD }");
  EXPECT_EQ(request.expected_version(), 7);
}

TEST_F(ConfigTest, SetWithAWrongPathAppliesNothing) {
  Outcome outcome = supervisor_.Run({"config", "set", "nothing", "1"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("alohactl: nothing: there is no field \"nothing\""));
  EXPECT_THAT(supervisor_.configuration.applied, IsEmpty());
}

TEST_F(ConfigTest, EditAppliesWhatTheEditorWrote) {
  UseEditor("sed -i s/before/after/ \"$1\"");
  Outcome outcome = supervisor_.Run({"config", "edit"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(WhatTheEditorSaw(), "version_note: \"before\"\n600\n");
  ASSERT_THAT(supervisor_.configuration.applied, SizeIs(1));
  EXPECT_EQ(supervisor_.configuration.applied[0].source().text(), "version_note: \"after\"\n");
  EXPECT_EQ(supervisor_.configuration.applied[0].expected_version(), 7);
}

TEST_F(ConfigTest, EditComesBackWithTheFindingsOnTop) {
  AddFinding(admin::FieldViolation::ERROR);
  supervisor_.configuration.refusals = 1;
  UseEditor("echo '# more' >>\"$1\"");
  Outcome outcome = supervisor_.Run({"config", "edit"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  // Three lines stand above the text now, so what was line 12 is line 15 in the editor.
  EXPECT_THAT(WhatTheEditorSaw(),
              HasSubstr("#! the configuration is not valid\n"
                        "#! line:15:3: error: imap.virtual_port: 143 is used twice\n"));
  ASSERT_THAT(supervisor_.configuration.applied, SizeIs(2));
  EXPECT_EQ(supervisor_.configuration.applied[1].source().text(),
            "version_note: \"before\"\n# more\n# more\n");
}

TEST_F(ConfigTest, EditWithoutAChangeAppliesNothing) {
  UseEditor("true");
  Outcome outcome = supervisor_.Run({"config", "edit"});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.err, "nothing was changed\n");
  EXPECT_THAT(supervisor_.configuration.applied, IsEmpty());
}

TEST_F(ConfigTest, EditKeepsWorkThatWasNotApplied) {
  UseEditor("echo '# more' >>\"$1\"; exit 1");
  Outcome outcome = supervisor_.Run({"config", "edit"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("the editor failed"));
  size_t start = outcome.err.find("/tmp/");
  ASSERT_NE(start, std::string::npos);
  std::string kept = outcome.err.substr(start, outcome.err.find('\n', start) - start);
  EXPECT_EQ(unlink(kept.c_str()), 0) << kept;
}

TEST_F(ConfigTest, FactoryResetAsksUnlessYes) {
  // Standard input of a test is no terminal, so nobody can answer.
  Outcome outcome = supervisor_.Run({"config", "factory-reset"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_THAT(outcome.err, HasSubstr("--yes"));
  EXPECT_EQ(supervisor_.configuration.resets, 0);
  EXPECT_EQ(supervisor_.Run({"config", "factory-reset", "--yes"}).code, kDone);
  EXPECT_EQ(supervisor_.configuration.resets, 1);
}

}  // namespace
}  // namespace aloha::cli
