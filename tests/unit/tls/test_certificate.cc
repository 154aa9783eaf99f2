#include "tests/unit/tls/test_certificate.h"

#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "workers/tls/certificate.h"

namespace aloha::tls {
namespace {

void Must(bool holds) {
  if (!holds) abort();
}

bssl::UniquePtr<EVP_PKEY> MakeKey(int curve) {
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (curve == 0) {
    bssl::UniquePtr<RSA> rsa(RSA_new());
    bssl::UniquePtr<BIGNUM> exponent(BN_new());
    Must(BN_set_word(exponent.get(), RSA_F4));
    Must(RSA_generate_key_ex(rsa.get(), 2048, exponent.get(), nullptr));
    Must(EVP_PKEY_set1_RSA(key.get(), rsa.get()));
  } else {
    bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(curve));
    Must(EC_KEY_generate_key(ec.get()));
    Must(EVP_PKEY_set1_EC_KEY(key.get(), ec.get()));
  }
  return key;
}

std::string Der(X509* x509) {
  uint8_t* der = nullptr;
  const int size = i2d_X509(x509, &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

void AddNames(X509* x509, const std::vector<std::string>& names) {
  bssl::UniquePtr<GENERAL_NAMES> list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GENERAL_NAME* entry = GENERAL_NAME_new();
    if (name.starts_with("@")) {
      GENERAL_NAME_set0_value(entry, GEN_IPADD, a2i_IPADDRESS(name.c_str() + 1));
    } else {
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
      GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  Must(X509_add1_ext_i2d(x509, NID_subject_alt_name, list.get(), 0, 0));
}

}  // namespace

std::string CommonName(X509* x509) {
  char name[256] = {};
  if (x509 != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof name);
  }
  return name;
}

TestCertificate TestCertificate::Make(const std::string& name, int curve,
                                      const std::vector<std::string>& names,
                                      const TestCertificate* issuer, int days) {
  TestCertificate made;
  made.key = MakeKey(curve);
  const bssl::UniquePtr<X509> x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3 * 86'400);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), days * 86'400);
  const std::string common_name = names.empty() ? name : names.front();
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const uint8_t*>(common_name.c_str()), -1, -1, 0);
  const auto signer = issuer == nullptr ? nullptr : ReadX509(issuer->message.chain(0));
  X509_set_issuer_name(x509.get(), X509_get_subject_name(signer ? signer.get() : x509.get()));
  X509_set_pubkey(x509.get(), made.key.get());
  if (!names.empty()) AddNames(x509.get(), names);
  if (issuer == nullptr) {
    bssl::UniquePtr<BASIC_CONSTRAINTS> authority(BASIC_CONSTRAINTS_new());
    authority->ca = 0xff;
    Must(X509_add1_ext_i2d(x509.get(), NID_basic_constraints, authority.get(), 1, 0));
  }
  EVP_PKEY* const signing = issuer == nullptr ? made.key.get() : issuer->key.get();
  Must(X509_sign(x509.get(), signing, EVP_sha256()) > 0);
  made.message.set_name(name);
  made.message.add_chain(Der(x509.get()));
  made.message.set_key(KeyHash(x509.get()));
  return made;
}

std::string TestCertificate::Sign(uint16_t scheme, const std::string& message_to_sign) const {
  const EVP_MD* md = scheme == SSL_SIGN_RSA_PKCS1_MD5_SHA1
                         ? EVP_md5_sha1()
                         : SSL_get_signature_algorithm_digest(scheme);
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* parameters = nullptr;
  Must(EVP_DigestSignInit(context.get(), &parameters, md, nullptr, key.get()));
  if (SSL_is_signature_algorithm_rsa_pss(scheme)) {
    Must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING));
    Must(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, -1));
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(message_to_sign.data());
  size_t size = 0;
  Must(EVP_DigestSign(context.get(), nullptr, &size, bytes, message_to_sign.size()));
  std::string signature(size, '\0');
  Must(EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size, bytes,
                      message_to_sign.size()));
  signature.resize(size);
  return signature;
}

}  // namespace aloha::tls
