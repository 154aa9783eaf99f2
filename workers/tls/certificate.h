// Certificates as handshakes use them, and the choice among them.
#ifndef ALOHA_WORKERS_TLS_CERTIFICATE_H_
#define ALOHA_WORKERS_TLS_CERTIFICATE_H_

#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/error.h"

namespace aloha::tls {

enum class KeyKind { kRsa, kP256, kP384 };  // those that aloha-keys signs with

// Immutable; its private key is elsewhere.
struct Certificate {
  std::string name;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;  // DER, its own first
  std::string key;                                    // SHA-256 of its SubjectPublicKeyInfo
  KeyKind kind = KeyKind::kRsa;
  std::vector<std::string> names;  // DNS names, lower case; "*.example.org" stands for one label
  std::string ocsp_response;       // empty: none
  // Sessions resume under the same one alone: SHA-256 of the name.
  std::array<uint8_t, 32> session_context{};

  // server_name: as the client sent it, of any case.
  bool Fits(std::string_view server_name) const;
};

// Null: not a certificate in DER, or more than one.
bssl::UniquePtr<X509> ReadX509(std::string_view der);
// SHA-256 of its SubjectPublicKeyInfo, 32 bytes.
std::string KeyHash(const X509* x509);

// Reads and checks one of the snapshot. `field` is its path; errors name what is wrong below it.
Result<std::shared_ptr<const Certificate>> ReadCertificate(
    const worker::v1::TlsCertificate& message, const std::string& field);

// What a ClientHello (RFC 8446 section 4.1.2) tells of the keys that the client can verify: its
// versions, suites, signature algorithms and groups.
class ClientAlgorithms {
 public:
  // cbc: suites with CBC count as well. What it reads is used while `hello` is valid.
  ClientAlgorithms(const SSL_CLIENT_HELLO& hello, bool cbc);
  bool Allow(KeyKind kind) const;

 private:
  bool AnySuite(bool ecdsa) const;
  bool Signs(uint16_t algorithm) const;

  const bool cbc_;
  uint16_t version_;                                                 // the highest that it offers
  std::span<const uint8_t> suites_, signature_algorithms_, groups_;  // lists of 16-bit numbers
  bool lists_signature_algorithms_ = false, lists_groups_ = false;
};

// Of those that fit the name, or of all when none does: the first whose key the client can verify,
// or the first when it can verify none. `certificates` is not empty; an empty name fits none.
const Certificate& Choose(std::span<const std::shared_ptr<const Certificate>> certificates,
                          std::string_view server_name, const ClientAlgorithms& algorithms);

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_CERTIFICATE_H_
