// Whose certificates are believed, and what is said of others.
#include "wui/gateway/client_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <vector>

#include "wui/gateway/key_provider.h"

namespace aloha::gateway {
namespace {

using testing::HasSubstr;

constexpr int64_t kNow = 1'800'000'000, kDay = 86'400;

struct Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};
using Certificate = std::unique_ptr<X509, Deleter>;

// Somebody with a key, and what is to stand in his certificate.
struct Person {
  EvpKey key{EVP_EC_gen("P-256")};
  std::vector<std::pair<const char*, std::string>> subject;
  bool authority = false;
  const char* usage = "clientAuth";
  int64_t from = -kDay, until = kDay;
};

void AddExtension(X509* certificate, int kind, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate Sign(const Person& whose, const Person& issuer, const EVP_MD* hash = EVP_sha256()) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  const auto name = [](X509_NAME* to, const Person& person) {
    for (const auto& [field, value] : person.subject) {
      X509_NAME_add_entry_by_txt(to, field, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0);
    }
  };
  name(X509_get_subject_name(certificate.get()), whose);
  X509_NAME* issuer_name = X509_NAME_new();
  name(issuer_name, issuer);
  X509_set_issuer_name(certificate.get(), issuer_name);
  X509_NAME_free(issuer_name);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), kNow + whose.from);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), kNow + whose.until);
  X509_set_pubkey(certificate.get(), whose.key.get());
  AddExtension(certificate.get(), NID_basic_constraints,
               whose.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!whose.authority && *whose.usage != 0)
    AddExtension(certificate.get(), NID_ext_key_usage, whose.usage);
  X509_sign(certificate.get(), issuer.key.get(), hash);
  return certificate;
}

std::string Der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), static_cast<size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

class ClientTrustTest : public testing::Test {
 protected:
  ClientTrustTest() {
    root_.subject = {{"CN", "Root"}};
    root_.authority = true;
    ops_.subject = {{"O", "Example, Inc."}, {"CN", "ops"}};
    anchors_.Add(Der(Sign(root_, root_).get()));
  }

  RemoteClient WhoIs(X509* certificate, STACK_OF(X509) * others = nullptr) {
    const auto trust = ClientTrust::Make(anchors_);
    EXPECT_TRUE(trust);
    return trust->WhoIs(certificate, others, kNow);
  }
  RemoteClient WhoIs(const Person& person) { return WhoIs(Sign(person, root_).get()); }

  Person root_, ops_;
  google::protobuf::RepeatedPtrField<std::string> anchors_;
};

TEST_F(ClientTrustTest, WhoIsVouchedForIsWhoTheCertificateNames) {
  const RemoteClient who = WhoIs(ops_);
  EXPECT_EQ(who.refused, "") << who.text;
  EXPECT_EQ(who.subject, "CN=ops,O=Example\\, Inc.");
  EXPECT_EQ(who.not_after_s, kNow + kDay);
  ops_.usage = "";
  EXPECT_EQ(WhoIs(ops_).refused, "") << "no usage is every usage";
}

TEST_F(ClientTrustTest, WhatIsNotPrintableIsEscaped) {
  ops_.subject = {{"CN", "Zo\xc3\xab\n\x1b[31m"}};
  EXPECT_EQ(WhoIs(ops_).subject, "CN=Zo\\C3\\AB\\0A\\1B[31m");
  ops_.subject = {{"CN", std::string("ops\0boss", 8)}};
  EXPECT_EQ(WhoIs(ops_).subject, "CN=ops\\00boss");
}

TEST_F(ClientTrustTest, OthersAreToldWhy) {
  EXPECT_EQ(WhoIs(nullptr).refused, "no_certificate");
  ops_.until = -60;
  EXPECT_EQ(WhoIs(ops_).refused, "expired");
  ops_.from = 60, ops_.until = kDay;
  EXPECT_EQ(WhoIs(ops_).refused, "not_yet_valid");
  ops_.from = -60, ops_.usage = "serverAuth";
  EXPECT_EQ(WhoIs(ops_).refused, "usage");
  ops_.usage = "clientAuth";
  Person other;
  other.subject = root_.subject;  // the same name, another key
  other.authority = true;
  EXPECT_EQ(WhoIs(Sign(ops_, other).get()).refused, "foreign");
  EXPECT_EQ(WhoIs(Sign(ops_, ops_).get()).refused, "foreign") << "signed by itself";
  EXPECT_EQ(WhoIs(Sign(ops_, root_, EVP_sha1()).get()).refused, "foreign") << "SHA-1";
  ops_.subject.clear();
  EXPECT_EQ(WhoIs(ops_).refused, "subject");
  for (char digit = '0'; digit <= '9'; ++digit)
    ops_.subject.emplace_back("OU", std::string(60, digit));
  const RemoteClient long_one = WhoIs(ops_);
  EXPECT_EQ(long_one.refused, "subject");
  EXPECT_EQ(long_one.subject.size(), ClientTrust::kMaxSubject);
}

TEST_F(ClientTrustTest, ChainsEndAtAnAnchor) {
  Person middle;
  middle.subject = {{"CN", "Middle"}};
  middle.authority = true;
  middle.until = 60;
  const Certificate between = Sign(middle, root_), leaf = Sign(ops_, middle);
  EXPECT_EQ(WhoIs(leaf.get()).refused, "foreign") << "one is missing";
  const std::unique_ptr<STACK_OF(X509), Deleter> others(sk_X509_new_null());
  sk_X509_push(others.get(), between.get());
  const RemoteClient who = WhoIs(leaf.get(), others.get());
  EXPECT_EQ(who.refused, "") << who.text;
  EXPECT_EQ(who.not_after_s, kNow + 60) << "no longer than who vouches";
  // Whoever may not sign does not vouch.
  const Certificate below = Sign(ops_, ops_);
  EXPECT_EQ(WhoIs(below.get(), others.get()).refused, "foreign");
  // An anchor need not be a root.
  anchors_.Clear();
  anchors_.Add(Der(between.get()));
  EXPECT_EQ(WhoIs(leaf.get()).refused, "");
}

TEST_F(ClientTrustTest, AnchorsAreCertificates) {
  EXPECT_FALSE(ClientTrust::Make({}));
  anchors_.Add("no certificate");
  EXPECT_FALSE(ClientTrust::Make(anchors_));
}

}  // namespace
}  // namespace aloha::gateway
