// Which certificates and trust anchors a configuration names, and those of the operating system.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "supervisor/config/parse.h"
#include "supervisor/config/references.h"
#include "supervisor/config/system_anchors.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

config::v1::Config Parse(const std::string& text) {
  const ParsedConfig parsed = ParseConfig(text);
  for (const Problem& problem : parsed.problems) ADD_FAILURE() << FormatProblem(problem);
  return parsed.config;
}

constexpr char kAll[] = R"(
  management { web { certificate: "mail" } grpc { certificate: "mgmt" ca: "corp" } }
  http { mode: DISABLED certificate: "old" certificate: "mail" server_tls { ca: "corp" } }
  imap { mode: SSL_OFFLOAD certificate: "mail" }
  virtual_service { name: "a" }
  virtual_service {
    name: "mail"
    listener { port: 1 }
    listener { port: 2 tls { certificate: "mail" } }
    pool { name: "p" server { name: "corp" tls { ca: "corp" } } }
  }
  certificate_file { name: "mail" path: "mail" })";

TEST(ReferencesTest, FindsEveryFieldThatNamesACertificate) {
  EXPECT_THAT(UsesOfCertificate(Parse(kAll), "mail"),
              ElementsAre("management.web.certificate", "http.certificate", "imap.certificate",
                          "virtual_service[1].listener[1].tls.certificate"));
  EXPECT_THAT(UsesOfCertificate(Parse(kAll), "mgmt"), ElementsAre("management.grpc.certificate"));
  EXPECT_THAT(UsesOfCertificate(Parse(kAll), "corp"), IsEmpty());
}

TEST(ReferencesTest, FindsEveryFieldThatNamesATrustAnchor) {
  EXPECT_THAT(UsesOfTrustAnchor(Parse(kAll), "corp"),
              ElementsAre("management.grpc.ca", "http.server_tls.ca",
                          "virtual_service[1].pool[0].server[0].tls.ca"));
  EXPECT_THAT(UsesOfTrustAnchor(Parse(kAll), "mail"), IsEmpty());
}

TEST(ReferencesTest, AnAreaWithoutACertificateUsesTheSelfSignedOne) {
  const auto config = Parse(R"(
    cas_server { name: "CAS1" address: "10.0.0.1" }
    http { mode: SSL_OFFLOAD } pop3 { mode: SSL_FORWARD } imap { mode: SSL_OFFLOAD certificate: "mail" }
    smtp { mode: SSL_OFFLOAD })");  // without servers: does not run
  EXPECT_THAT(UsesOfCertificate(config, "self-signed"), ElementsAre("http.certificate"));
  config::v1::StoredCertificates stored;
  stored.add_certificate()->set_name("mail");
  EXPECT_THAT(LackingStandIns(config, stored), ElementsAre("self-signed"));
  stored.add_certificate()->set_name("self-signed");
  EXPECT_THAT(LackingStandIns(config, stored), IsEmpty());
  EXPECT_THAT(LackingStandIns(Parse("imap { mode: CLEAR }"), {}), IsEmpty());
}

TEST(ReferencesTest, TheWebInterfaceWithoutACertificateUsesItsOwn) {
  const auto config = Parse("management { web { enabled: true } }");
  EXPECT_THAT(LackingStandIns(config, {}), ElementsAre("wui"));
  EXPECT_THAT(UsesOfCertificate(config, "wui"), ElementsAre("management.web.certificate"));
  config::v1::StoredCertificates stored;
  stored.add_certificate()->set_name("wui");
  EXPECT_THAT(LackingStandIns(config, stored), IsEmpty());
  const auto named = Parse(R"(management { web { enabled: true certificate: "mail" } })");
  EXPECT_THAT(LackingStandIns(named, {}), IsEmpty());
  EXPECT_THAT(LackingStandIns(Parse("management { web { enabled: false } }"), {}), IsEmpty());
}

TEST(SystemAnchorsTest, AreNeededWhereServersAreVerifiedWithoutANamedOne) {
  const std::string bridge = R"(imap { mode: SSL_BRIDGE certificate: "mail" )";
  EXPECT_TRUE(NeedsSystemAnchors(Parse(bridge + "}")));
  EXPECT_TRUE(NeedsSystemAnchors(Parse(bridge + "server_tls { verify: CA } }")));
  EXPECT_FALSE(NeedsSystemAnchors(Parse(bridge + R"(server_tls { ca: "corp" } })")));
  EXPECT_FALSE(NeedsSystemAnchors(Parse(bridge + "server_tls { verify: NONE } }")));
  EXPECT_FALSE(NeedsSystemAnchors(Parse("imap { mode: SSL_OFFLOAD }")));
  const std::string service = R"(virtual_service { name: "a" pool { name: "p" server { name: "s" )";
  EXPECT_FALSE(NeedsSystemAnchors(Parse(service + "} } }")));
  EXPECT_TRUE(NeedsSystemAnchors(Parse(service + "tls {} } } }")));
}

TEST(PemTest, DecodesEveryBlock) {
  const std::string text =
      "comment\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\r\nmore\r\n"
      "-----BEGIN CERTIFICATE-----\r\nBAUG\r\nBwg=\r\n-----END CERTIFICATE-----\r\n";
  EXPECT_THAT(DecodePem(text), ElementsAre("\x01\x02\x03", "\x04\x05\x06\x07\x08"));
}

TEST(PemTest, LeavesOutWhatIsNone) {
  EXPECT_THAT(DecodePem(""), IsEmpty());
  EXPECT_THAT(DecodePem("-----BEGIN CERTIFICATE-----\nAQID\n"), IsEmpty());
  EXPECT_THAT(DecodePem("-----BEGIN CERTIFICATE-----\nA?ID\n-----END CERTIFICATE-----\n"),
              IsEmpty());
  EXPECT_THAT(DecodePem("-----BEGIN X509 CRL-----\nAQID\n-----END X509 CRL-----\n"), IsEmpty());
}

TEST(PemTest, EncodesWhatItDecodes) {
  google::protobuf::RepeatedPtrField<std::string> chain;
  *chain.Add() = std::string(100, '\x7f');
  *chain.Add() = "x";
  const std::string pem = EncodePem(chain);
  EXPECT_THAT(DecodePem(pem), ElementsAre(chain[0], chain[1]));
  EXPECT_EQ(pem.find('\n', pem.find('\n') + 1) - pem.find('\n') - 1, 64u);
}

TEST(SystemAnchorsTest, AFileThatIsNotThereHasNone) {
  const TemporaryFolder folder;
  EXPECT_THAT(ReadSystemAnchors(folder.path() + "/none"), IsEmpty());
  std::ofstream(folder.path() + "/some")
      << "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(ReadSystemAnchors(folder.path() + "/some"), ElementsAre("\x01\x02\x03"));
}

}  // namespace
}  // namespace aloha::supervisor
