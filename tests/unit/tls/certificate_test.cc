#include "workers/tls/certificate.h"

#include <gtest/gtest.h>
#include <openssl/nid.h>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

TEST(CertificateTest, FitsExactNamesAndWildcardsOfOneLabel) {
  const auto made = TestCertificate::Make("mail", NID_X9_62_prime256v1,
                                          {"Mail.Example.org", "*.example.net", "*.*.example.com"});
  const auto read = ReadCertificate(made.message, "c");
  ASSERT_TRUE(read) << read.error().message;
  const Certificate& certificate = **read;
  EXPECT_EQ(certificate.kind, KeyKind::kP256);
  EXPECT_TRUE(certificate.Fits("mail.example.org"));
  EXPECT_TRUE(certificate.Fits("MAIL.EXAMPLE.ORG"));
  EXPECT_TRUE(certificate.Fits("owa.Example.net"));
  EXPECT_FALSE(certificate.Fits("example.org"));
  EXPECT_FALSE(certificate.Fits("example.net"));
  EXPECT_FALSE(certificate.Fits(".example.net"));
  EXPECT_FALSE(certificate.Fits("a.b.example.net"));
  EXPECT_FALSE(certificate.Fits("a.b.example.com"));
  EXPECT_FALSE(certificate.Fits(""));
  EXPECT_FALSE(certificate.Fits("*.example.org"));
}

TEST(CertificateTest, CommonNameCountsWithoutAlternatives) {
  const auto made = TestCertificate::Make("old.example.org", 0, {});
  const auto read = ReadCertificate(made.message, "c");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)->kind, KeyKind::kRsa);
  EXPECT_TRUE((*read)->Fits("old.example.org"));
}

TEST(CertificateTest, ErrorsNameTheField) {
  const auto made = TestCertificate::Make("a", NID_X9_62_prime256v1, {"a"});
  const auto field_of = [](const worker::v1::TlsCertificate& message) {
    const auto read = ReadCertificate(message, "certificates[a]");
    return read ? std::string("accepted") : read.error().field;
  };
  EXPECT_EQ(field_of(made.message), "accepted");
  auto message = made.message;
  message.set_key(std::string(32, 'x'));
  EXPECT_EQ(field_of(message), "certificates[a].key");
  message = made.message;
  message.mutable_chain(0)->pop_back();
  EXPECT_EQ(field_of(message), "certificates[a].chain[0]");
  message = made.message;
  message.add_chain("no DER");
  EXPECT_EQ(field_of(message), "certificates[a].chain[1]");
  message.clear_chain();
  EXPECT_EQ(field_of(message), "certificates[a].chain");
  message.clear_name();
  EXPECT_EQ(field_of(message), "certificates[a]");
  const auto odd = TestCertificate::Make("b", NID_secp224r1, {"b"});
  EXPECT_EQ(field_of(odd.message), "certificates[a].chain[0]");
}

}  // namespace
}  // namespace aloha::tls
