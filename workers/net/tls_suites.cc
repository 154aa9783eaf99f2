#include "workers/net/tls_suites.h"

#include <openssl/ssl.h>

#include "workers/net/tls_records.h"

namespace aloha::net {
namespace {

constexpr uint16_t k10 = TLS1_VERSION, k11 = TLS1_1_VERSION, k12 = TLS1_2_VERSION,
                   k13 = TLS1_3_VERSION;

// AES-GCM of TLS 1.2: RFC 5288; ChaCha20-Poly1305: RFC 7905; CBC: RFC 8422, only those that
// BoringSSL has.
// cipher, versions, name, AEAD, hash, lengths: MAC key, key, IV, explicit IV, overhead
constexpr TlsSuite kSuites[] = {
    {0x1301, k13, k13, "TLS_AES_128_GCM_SHA256", EVP_aead_aes_128_gcm, EVP_sha256, 0, 16, 12, 0,
     16},
    {0x1302, k13, k13, "TLS_AES_256_GCM_SHA384", EVP_aead_aes_256_gcm, EVP_sha384, 0, 32, 12, 0,
     16},
    {0x1303, k13, k13, "TLS_CHACHA20_POLY1305_SHA256", EVP_aead_chacha20_poly1305, EVP_sha256, 0,
     32, 12, 0, 16},
    {0xc02b, k12, k12, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", EVP_aead_aes_128_gcm, nullptr, 0,
     16, 4, 8, 16},
    {0xc02c, k12, k12, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", EVP_aead_aes_256_gcm, nullptr, 0,
     32, 4, 8, 16},
    {0xc02f, k12, k12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", EVP_aead_aes_128_gcm, nullptr, 0,
     16, 4, 8, 16},
    {0xc030, k12, k12, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", EVP_aead_aes_256_gcm, nullptr, 0,
     32, 4, 8, 16},
    {0xcca8, k12, k12, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", EVP_aead_chacha20_poly1305,
     nullptr, 0, 32, 12, 0, 16},
    {0xcca9, k12, k12, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", EVP_aead_chacha20_poly1305,
     nullptr, 0, 32, 12, 0, 16},
    {0xc009, k10, k10, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
     EVP_aead_aes_128_cbc_sha1_tls_implicit_iv, nullptr, 20, 16, 16, 0, 36},
    {0xc009, k11, k12, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", EVP_aead_aes_128_cbc_sha1_tls,
     nullptr, 20, 16, 0, 16, 36},
    {0xc00a, k10, k10, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
     EVP_aead_aes_256_cbc_sha1_tls_implicit_iv, nullptr, 20, 32, 16, 0, 36},
    {0xc00a, k11, k12, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", EVP_aead_aes_256_cbc_sha1_tls,
     nullptr, 20, 32, 0, 16, 36},
    {0xc013, k10, k10, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
     EVP_aead_aes_128_cbc_sha1_tls_implicit_iv, nullptr, 20, 16, 16, 0, 36},
    {0xc013, k11, k12, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", EVP_aead_aes_128_cbc_sha1_tls, nullptr,
     20, 16, 0, 16, 36},
    {0xc014, k10, k10, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
     EVP_aead_aes_256_cbc_sha1_tls_implicit_iv, nullptr, 20, 32, 16, 0, 36},
    {0xc014, k11, k12, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", EVP_aead_aes_256_cbc_sha1_tls, nullptr,
     20, 32, 0, 16, 36},
};

}  // namespace

const TlsSuite* FindTlsSuite(uint16_t cipher, uint16_t version) {
  for (const TlsSuite& suite : kSuites) {
    if (suite.cipher != cipher) continue;
    if (suite.first_version <= version && version <= suite.last_version) return &suite;
  }
  return nullptr;
}

std::string_view TlsVersionName(uint16_t version) {
  constexpr std::string_view kNames[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
  return k10 <= version && version <= k13 ? kNames[version - k10] : "";
}

std::string_view TlsCipherName(uint16_t cipher) {
  for (const TlsSuite& suite : kSuites) {
    if (suite.cipher == cipher) return suite.name;
  }
  return "";
}

}  // namespace aloha::net
