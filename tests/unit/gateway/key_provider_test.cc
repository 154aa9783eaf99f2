// Handshakes whose private key is elsewhere.
#include "wui/gateway/key_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <map>
#include <optional>

namespace aloha::gateway {
namespace {

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Deleter>;

Certificate SelfSigned(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

// The other process: has the private key, and signs as TLS does.
class Keeper {
 public:
  explicit Keeper(EvpKey key) : key_(std::move(key)) {}

  Result<std::string> Sign(std::string_view key, uint16_t scheme, std::string_view message) {
    name_ = key;
    scheme_ = scheme;
    message_ = message;
    if (refuses_) return Fail(Code::kPermissionDenied, "not now");
    const EVP_MD* hash = (scheme >> 8) == 8
                             ? std::map<int, const EVP_MD*>{{4, EVP_sha256()},
                                                            {5, EVP_sha384()},
                                                            {6, EVP_sha512()}}[scheme & 15]
                         : (scheme >> 8) == 4 ? EVP_sha256()
                         : (scheme >> 8) == 5 ? EVP_sha384()
                                              : EVP_sha512();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* settings = nullptr;
    EVP_DigestSignInit(context, &settings, hash, nullptr, key_.get());
    if ((scheme >> 8) == 8) {
      EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    size_t length = 0;
    EVP_DigestSign(context, nullptr, &length, bytes, message.size());
    std::string signature(length, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                   message.size());
    EVP_MD_CTX_free(context);
    signature.resize(length);
    return signature;
  }

  EVP_PKEY* key() { return key_.get(); }

  bool refuses_ = false;
  std::string name_, message_;
  uint16_t scheme_ = 0;

 private:
  EvpKey key_;
};

struct Shaken {
  bool done = false;
  std::string version;
};

// A handshake in memory.
Shaken Shake(SSL_CTX* server_context, int version) {
  SSL_CTX* client_context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(client_context, version);
  SSL_CTX_set_max_proto_version(client_context, version);
  SSL* client = SSL_new(client_context);
  SSL* server = SSL_new(server_context);
  BIO *one = nullptr, *other = nullptr;
  BIO_new_bio_pair(&one, 0, &other, 0);
  SSL_set_bio(client, one, one);
  SSL_set_bio(server, other, other);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  Shaken shaken;
  for (int i = 0; i < 20 && !shaken.done; ++i) {
    ERR_clear_error();
    const int client_done = SSL_do_handshake(client);
    const int server_done = SSL_do_handshake(server);
    shaken.done = client_done == 1 && server_done == 1;
  }
  shaken.version = SSL_get_version(client);
  SSL_free(client);
  SSL_free(server);
  SSL_CTX_free(client_context);
  ERR_clear_error();
  return shaken;
}

struct Case {
  const char* name;
  std::function<EVP_PKEY*()> make;
  int version;
  uint16_t scheme;  // expected
};

class KeyProviderTest : public testing::TestWithParam<Case> {
 protected:
  KeyProviderTest() : keeper_(EvpKey(GetParam().make())) {
    provider_ = std::move(*KeyProvider::Make([this](auto key, uint16_t scheme, auto message) {
      return keeper_.Sign(key, scheme, message);
    }));
    const Certificate certificate = SelfSigned(keeper_.key());
    context_ = SSL_CTX_new_ex(provider_->context(), KeyProvider::kProperties, TLS_server_method());
    EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate.get()), 1);
    const auto key = provider_->MakeKey(*X509_get0_pubkey(certificate.get()), std::string(32, 'k'));
    EXPECT_TRUE(key) << key.error().message;
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key->get()), 1);
  }
  ~KeyProviderTest() override { SSL_CTX_free(context_); }

  Keeper keeper_;
  std::unique_ptr<KeyProvider> provider_;
  SSL_CTX* context_ = nullptr;
};

TEST_P(KeyProviderTest, HandshakesAreSignedElsewhere) {
  const Shaken shaken = Shake(context_, GetParam().version);
  EXPECT_TRUE(shaken.done);
  EXPECT_EQ(keeper_.scheme_, GetParam().scheme);
  EXPECT_EQ(keeper_.name_, std::string(32, 'k'));
  if (GetParam().version == TLS1_3_VERSION) {
    EXPECT_EQ(keeper_.message_.substr(0, 98),
              std::string(64, ' ') + std::string("TLS 1.3, server CertificateVerify\0", 34));
  } else {
    EXPECT_GT(keeper_.message_.size(), 64 + 4U) << "both randoms and the parameters";
  }
}

TEST_P(KeyProviderTest, ARefusalEndsTheHandshake) {
  keeper_.refuses_ = true;
  EXPECT_FALSE(Shake(context_, GetParam().version).done);
  keeper_.refuses_ = false;
  EXPECT_TRUE(Shake(context_, GetParam().version).done);
}

TEST_P(KeyProviderTest, AnotherKeyDoesNotFitTheCertificate) {
  const EvpKey other(GetParam().make());
  const auto key = provider_->MakeKey(*other, std::string(32, 'k'));
  ASSERT_TRUE(key);
  EXPECT_NE(SSL_CTX_use_PrivateKey(context_, key->get()), 1);
  ERR_clear_error();
}

// Two, which take long to make, in turn.
EVP_PKEY* Rsa() {
  static const EvpKey keys[] = {EvpKey(EVP_RSA_gen(2048)), EvpKey(EVP_RSA_gen(2048))};
  static int next = 0;
  EVP_PKEY* key = keys[next++ % 2].get();
  EVP_PKEY_up_ref(key);
  return key;
}
EVP_PKEY* P256() { return EVP_EC_gen("P-256"); }
EVP_PKEY* P384() { return EVP_EC_gen("P-384"); }

INSTANTIATE_TEST_SUITE_P(All, KeyProviderTest,
                         testing::Values(Case{"Rsa13", Rsa, TLS1_3_VERSION, 0x0804},
                                         Case{"Rsa12", Rsa, TLS1_2_VERSION, 0x0804},
                                         Case{"P256On13", P256, TLS1_3_VERSION, 0x0403},
                                         Case{"P256On12", P256, TLS1_2_VERSION, 0x0403},
                                         Case{"P384On13", P384, TLS1_3_VERSION, 0x0503}),
                         [](const auto& instance) { return instance.param.name; });

TEST(KeyProvider, TakesRsaAndEcdsaAlone) {
  const auto provider = KeyProvider::Make({});
  ASSERT_TRUE(provider);
  EVP_PKEY_CTX* make = EVP_PKEY_CTX_new_from_name(nullptr, "ED25519", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(make);
  EVP_PKEY_generate(make, &key);
  EVP_PKEY_CTX_free(make);
  const EvpKey held(key);
  EXPECT_FALSE((*provider)->MakeKey(*held, std::string(32, 'k')));
  const EvpKey p256(P256());
  EXPECT_FALSE((*provider)->MakeKey(*p256, "short"));
}

}  // namespace
}  // namespace aloha::gateway
