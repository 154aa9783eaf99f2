// Certificates made on the spot.
#ifndef ALOHA_TESTS_UNIT_TLS_TEST_CERTIFICATE_H_
#define ALOHA_TESTS_UNIT_TLS_TEST_CERTIFICATE_H_

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"

namespace aloha::tls {

// A certificate with its key.
struct TestCertificate {
  worker::v1::TlsCertificate message;
  bssl::UniquePtr<EVP_PKEY> key;

  // curve: 0 makes an RSA key. The first of the names becomes the common name as well; "@" begins
  // an address. Signed by the issuer, or by itself.
  static TestCertificate Make(const std::string& name, int curve,
                              const std::vector<std::string>& names,
                              const TestCertificate* issuer = nullptr, int days = 1);
  std::string Sign(uint16_t scheme, const std::string& message) const;
};

// Empty: no certificate.
std::string CommonName(X509* x509);

}  // namespace aloha::tls

#endif  // ALOHA_TESTS_UNIT_TLS_TEST_CERTIFICATE_H_
