// X.509 certificates (RFC 5280): reading them, and telling what they say.
#ifndef ALOHA_WORKERS_KEYS_CERTIFICATE_H_
#define ALOHA_WORKERS_KEYS_CERTIFICATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/keys/private_key.h"

struct x509_st;  // X509 of either library

namespace aloha::keys {

struct CertificateDeleter {
  void operator()(x509_st* certificate) const;
};
using Certificate = std::unique_ptr<x509_st, CertificateDeleter>;

// DER, all of it; empty when it is none.
Certificate ParseCertificate(std::span<const uint8_t> der);
std::string ToDer(x509_st& certificate);

// For people and lists. Text is escaped, and bounded: 100 names of 255 bytes.
worker::v1::CertificateDetails Describe(x509_st& certificate);

// Whether the private key is that of the certificate.
bool Fits(x509_st& certificate, const PrivateKey& key);
// Whether `child` names `issuer` as its issuer, and the signature is the issuer's.
bool IsSignedBy(x509_st& child, x509_st& issuer);
// Signed with MD5 or SHA-1, which clients no longer take.
bool HasWeakSignature(x509_st& certificate);

struct Chain {
  // The key's own first, then each one's issuer as far as there are any.
  std::vector<Certificate> certificates;
  // The last one signed itself.
  bool reaches_root = false;
};
// Out of certificates in any order; what does not belong is left out. Of several that fit the key
// the one that is valid longest is taken. Nothing when none fits.
std::optional<Chain> MakeChain(std::vector<Certificate> heap, const PrivateKey& key);

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_CERTIFICATE_H_
