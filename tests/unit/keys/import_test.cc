#include "workers/keys/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "tests/unit/keys/pki.h"

namespace aloha::keys {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<ImportedKey> Import(const std::string& file, const std::string& password = "") {
  return ImportFile({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, password, Now());
}

std::string Error(const std::string& file, const std::string& password = "") {
  const auto imported = Import(file, password);
  if (imported) return "imported";
  EXPECT_EQ(imported.error().code, Code::kInvalidArgument);
  return imported.error().message;
}

// Runs openssl among the files of the PKI and answers what it wrote to "out".
std::string Make(const std::string& command) {
  Pki().Run("rm -f out; openssl " + command + " -out out");
  return Pki().Read("out");
}

std::string Pem(const std::string& name) { return Pki().Read(name); }

// Of a file with the RSA certificate and its chain.
void ExpectWhole(const std::string& file, const std::string& password) {
  const auto imported = Import(file, password);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->key.TypeName(), "RSA 2048");
  EXPECT_EQ(imported->response.chain_size(), 3);
  EXPECT_EQ(imported->response.details().common_name(), "mail.example.org");
  EXPECT_THAT(imported->response.warnings(), IsEmpty());
}

TEST(Import, TellsWhatTheCertificateSays) {
  const auto imported = Import(Pem("all.pem") + Pem("rsa.key"));
  ASSERT_TRUE(imported) << imported.error().message;
  const auto& details = imported->response.details();
  EXPECT_EQ(details.common_name(), "mail.example.org");
  EXPECT_THAT(details.names(), ElementsAre("mail.example.org", "autodiscover.example.org",
                                           "192.0.2.1", "2001:db8::1"));
  EXPECT_EQ(details.issuer(), "CN=middle");
  EXPECT_NEAR(static_cast<double>(details.not_before_s()), static_cast<double>(Now()), 600);
  EXPECT_EQ(details.not_after_s() - details.not_before_s(), 365 * 86'400);
  EXPECT_FALSE(details.self_signed());
  EXPECT_FALSE(details.is_ca());
  EXPECT_EQ(details.key_type(), "RSA 2048");
  EXPECT_EQ(details.serial(), "a3");
  EXPECT_EQ(details.ocsp_url(), "http://ocsp.example.org/");
  Pki().Run("openssl x509 -in rsa.pem -noout -fingerprint -sha256 | sed 's/.*=//;s/://g' >out");
  std::string fingerprint = Pki().Read("out");
  std::transform(fingerprint.begin(), fingerprint.end(), fingerprint.begin(), ::tolower);
  const std::string& bytes = details.fingerprint();
  EXPECT_EQ(ToHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}) + "\n",
            fingerprint);
  Pki().Run("openssl pkey -in rsa.key -pubout -outform DER | sha256sum | cut -c1-64 >out");
  EXPECT_EQ(ToHex(imported->key.hash()) + "\n", Pki().Read("out"));
  EXPECT_EQ(imported->response.key().size(), 32U);
}

TEST(Import, TakesPemInAnyOrder) {
  ExpectWhole(Pem("rsa.key") + Pem("all.pem"), "");
  ExpectWhole(Pem("root.pem") + Pem("middle.pem") + Pem("rsa.key") + Pem("rsa.pem"), "");
  ExpectWhole("Bag Attributes\n  friendlyName: x\n" + Pem("middle.pem") + Pem("other.pem") +
                  Pem("rsa.pem") + "subject=x\n" + Pem("rsa.key") + Pem("root.pem"),
              "");
  ExpectWhole("\xef\xbb\xbf" + Pem("all.pem") + Pem("rsa.key"), "");
}

TEST(Import, TakesEveryFormOfKey) {
  const std::string chain = Pem("all.pem");
  ExpectWhole(chain + Make("rsa -in rsa.key -traditional"), "");
  for (const char* cipher : {"-aes128", "-aes256", "-des3"}) {
    ExpectWhole(
        chain + Make(std::string("rsa -in rsa.key -traditional -passout pass:geheim ") + cipher),
        "geheim");
  }
  for (const char* form : {"-v2 aes-256-cbc -v2prf hmacWithSHA256", "-v2 aes-128-cbc",
                           "-v2 des3 -v2prf hmacWithSHA1", "-v1 PBE-SHA1-3DES"}) {
    SCOPED_TRACE(form);
    ExpectWhole(chain + Make(std::string("pkcs8 -topk8 -in rsa.key -passout pass:geheim ") + form),
                "geheim");
  }
}

TEST(Import, TakesEcKeysInEveryForm) {
  for (const std::string curve : {"p256", "p384"}) {
    const std::string chain = Pem("middle.pem") + Pem(curve + ".pem");
    // The first with the curve's parameters in a block of their own.
    for (const std::string& key :
         {Make("ec -in " + curve + ".key"),
          Make("ecparam -name prime256v1") + Make("ec -in " + curve + ".key"),
          Make("ec -aes256 -passout pass:geheim -in " + curve + ".key"),
          Make("pkcs8 -topk8 -passout pass:geheim -in " + curve + ".key"), Pem(curve + ".key")}) {
      const auto imported = Import(chain + key, "geheim");
      ASSERT_TRUE(imported) << imported.error().message << key;
      EXPECT_EQ(imported->response.details().key_type(),
                curve == "p256" ? "ECDSA P-256" : "ECDSA P-384");
      EXPECT_EQ(imported->response.chain_size(), 2);
    }
  }
}

constexpr const char* kPfx = "pkcs12 -export -inkey rsa.key -in all.pem -passout pass:geheim ";

TEST(Import, TakesPkcs12OldAndNew) {
  for (const char* form :
       {"", "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES", "-macalg sha1",
        "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1", "-macalg sha512",
        "-certpbe AES-128-CBC -keypbe AES-128-CBC", "-certpbe NONE", "-keypbe NONE",
        "-iter 100000 -maciter"}) {
    SCOPED_TRACE(form);
    ExpectWhole(Make(std::string(kPfx) + form), "geheim");
  }
}

TEST(Import, TakesPkcs12WithoutPassword) {
  ExpectWhole(Make("pkcs12 -export -inkey rsa.key -in all.pem -passout pass:"), "");
}

TEST(Import, TakesPasswordsInUtf8) {
  ExpectWhole(Make("pkcs12 -export -inkey rsa.key -in all.pem -passout 'pass:gehëim€'"), "gehëim€");
}

TEST(Import, SaysThatThePasswordIsWrong) {
  const std::string chain = Pem("all.pem");
  for (const std::string& file :
       {Make(kPfx), Make(std::string(kPfx) + "-legacy"),
        chain + Make("rsa -in rsa.key -traditional -aes128 -passout pass:geheim"),
        chain + Make("pkcs8 -topk8 -in rsa.key -passout pass:geheim")}) {
    EXPECT_EQ(Error(file, "falsch"), "wrong password");
    EXPECT_THAT(Error(file, ""), HasSubstr("is encrypted; its password is needed"));
  }
}

TEST(Import, SaysWhatIsMissing) {
  EXPECT_EQ(Error(""), "the file is empty");
  EXPECT_EQ(Error(Pem("all.pem")), "the file has no private key");
  EXPECT_EQ(Error(Pem("rsa.key")), "the file has no certificate");
  EXPECT_EQ(Error(Make("x509 -in rsa.pem -outform DER")), "the file has no private key");
  EXPECT_EQ(Error(Make(std::string(kPfx) + "-nokeys"), "geheim"), "the file has no private key");
  EXPECT_EQ(Error(Make("pkcs12 -export -inkey rsa.key -nocerts -passout pass:geheim"), "geheim"),
            "the file has no certificate");
  EXPECT_EQ(Error(Pem("p256.pem") + Pem("middle.pem") + Pem("rsa.key")),
            "the private key does not fit the certificate");
  EXPECT_EQ(Error(Pem("all.pem") + Pem("rsa.key") + Pem("p256.key")),
            "the file has more than one private key");
}

TEST(Import, TheSameKeyTwiceIsOne) {
  ExpectWhole(Pem("all.pem") + Pem("rsa.key") + Pem("rsa.key"), "");
}

TEST(Import, RefusesGarbage) {
  EXPECT_EQ(Error("hello"), "the file is neither PKCS#12 (.pfx, .p12) nor PEM");
  EXPECT_EQ(Error(std::string(1'000, '\0')), "the file is neither PKCS#12 (.pfx, .p12) nor PEM");
  EXPECT_EQ(Error(std::string(256 * 1024 + 1, '0')), "the file is larger than 256 KiB");
  EXPECT_THAT(Error("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
              HasSubstr("damaged"));
  EXPECT_THAT(Error("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
              HasSubstr("damaged"));
  EXPECT_THAT(
      Error(Pem("all.pem") + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
      HasSubstr("damaged"));
  EXPECT_THAT(Error(Pem("rsa.pem"), std::string("a\0b", 3)), HasSubstr("zero byte"));
}

TEST(Import, RefusesTruncatedFilesAtEveryLength) {
  const std::string pfx = Make(std::string(kPfx) + "-iter 1 -nomaciter");
  for (size_t length = 0; length < pfx.size(); length += 37)
    EXPECT_NE(Error(pfx.substr(0, length), "geheim"), "imported") << length;
  const std::string pem = Pem("rsa.pem") + Pem("rsa.key");
  for (size_t length = 0; length + 40 < pem.size(); length += 41)
    EXPECT_NE(Error(pem.substr(0, length)), "imported") << length;
}

TEST(Import, RefusesKeysThatClientsDoNotTake) {
  const auto self_signed = [](const std::string& key) {
    Pki().Run("openssl genpkey " + key +
              " -out x.key && openssl req -new -x509 -key x.key -subj /CN=x -out x.pem");
    return Pem("x.pem") + Pem("x.key");
  };
  EXPECT_THAT(Error(self_signed("-quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024")),
              HasSubstr("the private key is RSA 1024; RSA with 2048 to 8192 bits"));
  EXPECT_THAT(Error(self_signed("-algorithm ED25519")), HasSubstr("the private key is Ed25519"));
  EXPECT_THAT(Error(self_signed("-algorithm EC -pkeyopt ec_paramgen_curve:P-521")),
              HasSubstr("ECDSA of another curve with 521 bits"));
}

// An encrypted PKCS#8 key in DER.
std::string ToPem(const std::string& der) {
  Pki().Write("x.der", der);
  Pki().Run(
      "(echo -----BEGIN ENCRYPTED PRIVATE KEY-----; base64 x.der; echo -----END ENCRYPTED "
      "PRIVATE KEY-----) >out");
  return Pki().Read("out");
}

// A file made with 65,539 iterations that then asks for 2,000,001.
std::string Costly(std::string file) {
  constexpr std::string_view kMade{"\x02\x03\x01\x00\x03", 5}, kAsked{"\x02\x03\x1e\x84\x81", 5};
  const size_t first = file.find(kMade);
  EXPECT_NE(first, std::string::npos);
  for (size_t at = first; at != std::string::npos; at = file.find(kMade, at))
    file.replace(at, kMade.size(), kAsked);
  return file;
}

TEST(Import, RefusesFilesThatWouldBurnTime) {
  EXPECT_THAT(Error(Costly(Make(std::string(kPfx) + "-iter 65539")), "geheim"),
              HasSubstr("2,000,000 iterations"));
  // What has the MAC to be checked first is bounded as well: parts, and keys.
  for (const char* form : {"-nomac -iter 65539 -keypbe NONE", "-nomac -iter 65539 -certpbe NONE",
                           "-nomac -iter 65539 -certpbe PBE-SHA1-3DES -keypbe NONE"})
    EXPECT_THAT(Error(Costly(Make(std::string(kPfx) + form)), "geheim"),
                HasSubstr("2,000,000 iterations"))
        << form;
  const std::string key = "pkcs8 -topk8 -in rsa.key -passout pass:x ";
  EXPECT_THAT(Error(Pem("all.pem") + ToPem(Costly(Make(key + "-iter 65539 -outform DER"))), "x"),
              HasSubstr("2,000,000 iterations"));
  EXPECT_THAT(Error(Pem("all.pem") + Make(key + "-scrypt -scrypt_N 1024"), "x"),
              HasSubstr("encrypted in a way that is not supported"));
}

TEST(Import, WarnsOfWhatClientsWillNotLike) {
  const auto warnings = [](const std::string& file) {
    const auto imported = Import(file);
    EXPECT_TRUE(imported) << imported.error().message;
    return imported ? std::vector<std::string>(imported->response.warnings().begin(),
                                               imported->response.warnings().end())
                    : std::vector<std::string>();
  };
  EXPECT_THAT(warnings(Pem("old.pem") + Pem("old.key") + Pem("middle.pem")),
              ElementsAre("the certificate expired on 2021-01-01"));
  EXPECT_THAT(warnings(Pem("future.pem") + Pem("future.key") + Pem("middle.pem")),
              ElementsAre("the certificate is valid from 2090-01-01 on"));
  EXPECT_THAT(warnings(Pem("rsa.pem") + Pem("rsa.key")),
              ElementsAre(HasSubstr("the chain does not reach a root")));
  EXPECT_THAT(warnings(Pem("other.pem") + Pem("other.key")),
              ElementsAre(HasSubstr("names no host"), HasSubstr("signed by itself")));
}

TEST(Import, LeavesTheCertificatesThatDoNotBelongOut) {
  const auto imported =
      Import(Pem("other.pem") + Pem("p256.pem") + Pem("rsa.pem") + Pem("rsa.key"));
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->response.chain_size(), 1);
}

TEST(Import, OfTwoCertificatesForTheKeyTheLaterOneCounts) {
  Pki().Run("openssl req -new -x509 -key rsa.key -subj /CN=renewed -days 700 -out x.pem");
  const auto imported = Import(Pem("rsa.pem") + Pem("x.pem") + Pem("rsa.key"));
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->response.details().common_name(), "renewed");
}

// One byte that is not UTF-8 would make the whole answer unreadable.
TEST(Import, EscapesWhatTheCertificateSays) {
  Pki().Write("x.conf",
              "[req]\ndistinguished_name=d\nprompt=no\nstring_mask=nombstr\n[d]\nCN=b\xe9\xff\n");
  Pki().Run("openssl req -new -x509 -config x.conf -key p256.key -out x.pem");
  const auto imported = Import(Pem("x.pem") + Pem("p256.key"));
  ASSERT_TRUE(imported) << imported.error().message;
  worker::v1::ImportKeyResponse again;
  EXPECT_TRUE(again.ParseFromString(imported->response.SerializeAsString()));
  EXPECT_EQ(again.details().common_name(), "béÿ");
}

Result<worker::v1::ReadCertificatesResponse> Read(const std::string& file) {
  return ReadCertificates({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
}

TEST(ReadCertificates, ReadsPemAndDer) {
  const auto pem = Read(Pem("all.pem"));
  ASSERT_TRUE(pem);
  ASSERT_EQ(pem->certificates_size(), 3);
  EXPECT_TRUE(pem->certificates(2).details().is_ca());
  EXPECT_TRUE(pem->certificates(2).details().self_signed());
  EXPECT_EQ(pem->certificates(1).details().issuer(), "O=Test \"and\" Sons, CN=root");
  const auto der = Read(Make("x509 -in root.pem -outform DER"));
  ASSERT_TRUE(der);
  EXPECT_EQ(der->certificates(0).der(), pem->certificates(2).der());
  EXPECT_FALSE(Read(""));
  EXPECT_FALSE(Read("hello"));
  EXPECT_FALSE(Read(Pem("rsa.key")));
  EXPECT_FALSE(Read(std::string(1'048'577, 'x')));
}

worker::v1::CreateSelfSignedRequest SelfSigned() {
  worker::v1::CreateSelfSignedRequest request;
  request.set_common_name("mail.example.org");
  for (const char* name : {"*.example.org", "192.0.2.7", "2001:db8::7", "mail.example.org"})
    request.add_names(name);
  request.set_days(825);
  return request;
}

TEST(SelfSigned, MakesAServerCertificate) {
  for (const auto type : {worker::v1::KEY_TYPE_UNSPECIFIED, worker::v1::KEY_TYPE_RSA_2048}) {
    auto request = SelfSigned();
    request.set_key_type(type);
    const auto made = CreateSelfSigned(request, Now());
    ASSERT_TRUE(made) << made.error().message;
    const auto& details = made->response.details();
    EXPECT_THAT(details.names(),
                ElementsAre("mail.example.org", "*.example.org", "192.0.2.7", "2001:db8::7"));
    EXPECT_TRUE(details.self_signed());
    EXPECT_FALSE(details.is_ca());
    EXPECT_EQ(details.serial().size(), 32U);
    EXPECT_EQ((details.not_after_s() - Now() + 60) / 86'400, 825);
    Pki().Write("made.der", made->response.chain(0));
    Pki().Run(
        "openssl x509 -inform DER -in made.der -noout -text >made.txt && openssl x509 -inform "
        "DER -in made.der -out made.pem && openssl verify -CAfile made.pem -purpose sslserver "
        "-verify_hostname www.example.org made.pem");
    const std::string text = Pki().Read("made.txt");
    EXPECT_THAT(text, HasSubstr("TLS Web Server Authentication"));
    EXPECT_THAT(text, HasSubstr("Version: 3"));
  }
}

TEST(SelfSigned, RefusesWhatIsNoName) {
  const auto refusal = [](const worker::v1::CreateSelfSignedRequest& request) {
    const auto made = CreateSelfSigned(request, Now());
    return made ? std::string("made") : made.error().field;
  };
  auto request = SelfSigned();
  request.set_days(0);
  EXPECT_EQ(refusal(request), "days");
  request.set_days(3651);
  EXPECT_EQ(refusal(request), "days");
  request = SelfSigned();
  request.set_common_name("");
  EXPECT_EQ(refusal(request), "common_name");
  request.set_common_name(std::string(65, 'x'));
  EXPECT_EQ(refusal(request), "common_name");
  for (const char* name : {"", "a b", "a,DNS:b", "a..b", ".a", "a.", "*", "a.*.b", "\xff"}) {
    request = SelfSigned();
    request.add_names(name);
    EXPECT_EQ(refusal(request), "names") << name;
  }
}

}  // namespace
}  // namespace aloha::keys
