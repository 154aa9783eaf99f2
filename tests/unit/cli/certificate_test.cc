// alohactl certificate and alohactl ca, as whole command lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "cli/validity.h"
#include "tests/unit/cli/fake_supervisor.h"
#include "tests/unit/cli/standard_input.h"

namespace aloha::cli {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kClearPem = "-----BEGIN PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n";

class CertificateTest : public testing::Test {
 protected:
  ~CertificateTest() override {
    for (const std::string& path : written_) unlink(path.c_str());
  }
  // A file in the supervisor's folder; gives its path.
  std::string File(const std::string& name, const std::string& content) {
    written_.push_back(supervisor_.folder + "/" + name);
    std::ofstream(written_.back()) << content;
    return written_.back();
  }
  // Imports with nothing on standard input, unless the test put something there.
  Outcome Import(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"certificate", "import"});
    return supervisor_.Run(std::move(arguments));
  }

  FakeSupervisor supervisor_;
  FakeCertificates& certificates_ = supervisor_.certificates;
  std::vector<std::string> written_;
};

TEST_F(CertificateTest, IsSealedAndNamedAfterItsFile) {
  StandardInput nothing("");
  Outcome outcome = Import({File("mail.example.pem", kClearPem)});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "mail.example: certificate imported\n");
  EXPECT_EQ(outcome.err, "alohactl: warning: the chain does not reach a root\n");
  EXPECT_EQ(certificates_.imported.name(), "mail.example");
  EXPECT_FALSE(certificates_.imported.has_unsealed());
  EXPECT_FALSE(certificates_.imported.allow_unsealed());
  EXPECT_EQ(certificates_.opened.file(), kClearPem);
  EXPECT_EQ(certificates_.opened.password(), "");
}

TEST_F(CertificateTest, TakesAPasswordFromStandardInput) {
  StandardInput password("secret\n");
  Outcome outcome = Import({File("a.pfx", "\x30\x82"), "--name", "mail", "--password-stdin"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(certificates_.imported.name(), "mail");
  EXPECT_EQ(certificates_.opened.password(), "secret");
}

TEST_F(CertificateTest, DoesNotWaitForAPasswordWhereNobodyIs) {
  StandardInput script("not a password\n");
  EXPECT_EQ(Import({File("a.pfx", "\x30\x82")}).code, kDone);
  EXPECT_EQ(certificates_.opened.password(), "");
}

TEST_F(CertificateTest, AsksForAPasswordOnATerminal) {
  // Typed ahead of the question, it would be thrown away: this waits for the question.
  StandardInput terminal("", StandardInput::kTerminal);
  std::thread typist([&] {
    termios settings{};
    do {
      std::this_thread::yield();
      tcgetattr(STDIN_FILENO, &settings);
    } while ((settings.c_lflag & ECHO) != 0);
    EXPECT_EQ(write(terminal.writer(), "typed\n", 6), 6);
  });
  EXPECT_EQ(Import({File("a.pfx", "\x30\x82")}).code, kDone);
  typist.join();
  EXPECT_EQ(certificates_.opened.password(), "typed");
  // Not where none is needed.
  EXPECT_EQ(Import({File("b.pem", kClearPem)}).code, kDone);
  EXPECT_EQ(certificates_.opened.password(), "");
}

TEST_F(CertificateTest, ReadsTheFileItselfFromStandardInput) {
  StandardInput file(kClearPem);
  EXPECT_EQ(Import({"-", "--name", "mail"}).code, kDone);
  EXPECT_EQ(certificates_.opened.file(), kClearPem);
  EXPECT_EQ(Import({"-"}).code, kUsage);
  EXPECT_EQ(Import({"-", "--name", "mail", "--password-stdin"}).code, kUsage);
}

TEST_F(CertificateTest, SendsAnOcspResponse) {
  StandardInput nothing("");
  const std::string ocsp = File("ocsp.der", "a response");
  EXPECT_EQ(Import({File("mail.pem", kClearPem), "--ocsp", ocsp}).code, kDone);
  EXPECT_EQ(certificates_.imported.ocsp_response(), "a response");
  EXPECT_EQ(Import({File("mail.pem", kClearPem), "--ocsp", "/nowhere"}).code, kRefused);
}

TEST_F(CertificateTest, SaysWhatIsWrong) {
  StandardInput password("wrong\n");
  Outcome outcome = Import({File("a.pfx", "\x30\x82"), "--password-stdin"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err,
            "alohactl: the password does not open the file\n"
            "  Type the password that the file was exported with.\n");
  EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("wrong")));

  outcome = Import({"/nowhere.pfx"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "alohactl: /nowhere.pfx: No such file or directory\n");
  EXPECT_THAT(Import({File("big.pfx", std::string((256 << 10) + 1, 'x'))}).err,
              HasSubstr("more than the 256.0 KiB that are read"));
  certificates_.public_key = "short";
  EXPECT_THAT(Import({File("mail.pem", kClearPem)}).err, HasSubstr("no usable key"));
}

TEST_F(CertificateTest, ListShowsWhatExpires) {
  admin::Certificate& mail = *certificates_.list.add_certificates();
  mail.set_name("mail");
  mail.set_state(admin::Certificate::VALID);
  mail.set_common_name("mail.example.org");
  for (const char* name : {"mail.example.org", "imap.example.org", "a.example", "b.example"}) {
    mail.add_names(name);
  }
  mail.set_not_after_s(NowSeconds() + 20 * 86400 + 60);
  mail.set_key_type("RSA 2048");
  mail.add_used_by("http.certificate");
  mail.set_fingerprint("0a0b");
  mail.set_pem("-----BEGIN CERTIFICATE-----\n");
  Outcome outcome = supervisor_.Run({"certificate", "list"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("mail +valid +mail.example.org +mail.example.org "
                                         "imap.example.org a.example \\+1 .* 20 days +RSA 2048 +"
                                         "0 +http.certificate\n"));
  outcome = supervisor_.Run({"certificate", "show", "mail"});
  EXPECT_THAT(outcome.out, ContainsRegex("SHA-256 +0a:0b\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("names +mail.example.org imap.example.org a.example b"));
  EXPECT_EQ(supervisor_.Run({"certificate", "show", "mail", "--pem"}).out, mail.pem());
  EXPECT_THAT(supervisor_.Run({"certificate", "list", "-o", "json"}).out,
              HasSubstr("\"state\": \"VALID\""));
}

TEST_F(CertificateTest, NothingThereSaysWhatToDo) {
  EXPECT_THAT(supervisor_.Run({"certificate", "list"}).out, HasSubstr("certificate import FILE"));
}

TEST_F(CertificateTest, SelfSigned) {
  Outcome outcome =
      supervisor_.Run({"certificate", "self-signed", "--host", "lb1.example", "--host", "10.0.0.17",
                       "wui", "--key-type", "rsa-3072", "--days", "90"});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(certificates_.self_signed.name(), "wui");
  EXPECT_EQ(certificates_.self_signed.common_name(), "lb1.example");
  EXPECT_THAT(certificates_.self_signed.names(), ElementsAre("10.0.0.17"));
  EXPECT_EQ(certificates_.self_signed.key_type(),
            admin::CreateSelfSignedCertificateRequest::RSA_3072);
  EXPECT_EQ(certificates_.self_signed.days(), 90);

  EXPECT_EQ(supervisor_.Run({"certificate", "self-signed", "wui"}).code, kDone);
  EXPECT_EQ(certificates_.self_signed.common_name(), "wui");
  for (const std::vector<std::string>& wrong : std::initializer_list<std::vector<std::string>>{
           {"--days", "0"}, {"--days", "3651"}, {"--key-type", "dsa"}}) {
    std::vector<std::string> line = {"certificate", "self-signed", "wui"};
    line.insert(line.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(supervisor_.Run(line).code, kUsage) << testing::PrintToString(wrong);
  }
}

TEST_F(CertificateTest, OneInUseIsKept) {
  Outcome outcome = supervisor_.Run({"certificate", "delete", "mail"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.err, "alohactl: http.certificate names it\n");
}

TEST_F(CertificateTest, TrustAnchors) {
  admin::TrustAnchor& anchor = supervisor_.trust_anchors.anchor;
  anchor.set_name("corp");
  anchor.set_pem("-----BEGIN CERTIFICATE-----\n");
  admin::AnchorCertificate& root = *anchor.add_certificates();
  root.set_common_name("Corp Root");
  root.set_issuer("CN=Corp Root");
  root.set_fingerprint("ff00");
  root.set_is_ca(true);
  root.set_not_after_s(NowSeconds() - 5 * 86400);
  Outcome outcome = supervisor_.Run({"ca", "import", File("corp.pem", "certificates")});
  EXPECT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(supervisor_.trust_anchors.imported.name(), "corp");
  EXPECT_EQ(supervisor_.trust_anchors.imported.file(), "certificates");
  EXPECT_THAT(outcome.out, HasSubstr("corp: trust anchor imported\n"));
  EXPECT_THAT(supervisor_.Run({"ca", "list"}).out,
              ContainsRegex("corp +Corp Root +yes .* 5 days ago +-\n"));
  EXPECT_THAT(supervisor_.Run({"ca", "show", "corp"}).out,
              ContainsRegex("Corp Root +CN=Corp Root +ff:00\n"));
  EXPECT_EQ(supervisor_.Run({"ca", "show", "corp", "--pem"}).out, anchor.pem());
  EXPECT_EQ(supervisor_.Run({"ca", "import", "-"}).code, kUsage);
}

}  // namespace
}  // namespace aloha::cli
