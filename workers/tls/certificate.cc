#include "workers/tls/certificate.h"

#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace aloha::tls {
namespace {

auto Invalid(const std::string& field, const std::string& message) {
  return Fail(Code::kInvalidArgument, field + ": " + message, field);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return lower;
}

std::optional<KeyKind> KindOf(const EVP_PKEY* key) {
  if (key == nullptr) return std::nullopt;
  if (EVP_PKEY_id(key) == EVP_PKEY_RSA) return KeyKind::kRsa;
  if (EVP_PKEY_id(key) != EVP_PKEY_EC) return std::nullopt;
  switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key)))) {
    case NID_X9_62_prime256v1:
      return KeyKind::kP256;
    case NID_secp384r1:
      return KeyKind::kP384;
    default:
      return std::nullopt;
  }
}

// The DNS names of subjectAltName; the common name where it has none (RFC 6125 section 6.4.4).
std::vector<std::string> NamesOf(X509* x509) {
  std::vector<std::string> names;
  const bssl::UniquePtr<GENERAL_NAMES> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  for (size_t i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
    if (name->type != GEN_DNS) continue;
    names.push_back(Lower({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  if (!names.empty()) return names;
  char common_name[256];
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName,
                                               common_name, sizeof common_name);
  if (length > 0) names.push_back(Lower({common_name, static_cast<size_t>(length)}));
  return names;
}

uint16_t NumberAt(std::span<const uint8_t> list, size_t i) {
  return static_cast<uint16_t>(list[i] << 8 | list[i + 1]);
}

bool Contains(std::span<const uint8_t> list, uint16_t number) {
  for (size_t i = 0; i + 1 < list.size(); i += 2) {
    if (NumberAt(list, i) == number) return true;
  }
  return false;
}

// The list of 16-bit numbers in an extension, behind a length of `prefix` bytes; nothing when the
// extension is absent or malformed (the handshake will tell).
std::optional<std::span<const uint8_t>> ExtensionList(const SSL_CLIENT_HELLO& hello,
                                                      uint16_t extension, size_t prefix) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (!SSL_early_callback_ctx_extension_get(&hello, extension, &data, &size) || size < prefix) {
    return std::nullopt;
  }
  return std::span(data, size).subspan(prefix);
}

}  // namespace

bssl::UniquePtr<X509> ReadX509(std::string_view der) {
  const bssl::UniquePtr<CRYPTO_BUFFER> buffer(
      CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
  return bssl::UniquePtr<X509>(buffer ? X509_parse_from_buffer(buffer.get()) : nullptr);
}

std::string KeyHash(const X509* x509) {
  uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size <= 0) return {};
  const bssl::UniquePtr<uint8_t> owned(der);
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(der, static_cast<size_t>(size), reinterpret_cast<uint8_t*>(hash.data()));
  return hash;
}

bool Certificate::Fits(std::string_view server_name) const {
  const std::string wanted = Lower(server_name);
  const size_t dot = wanted.find('.');
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) {
    if (known == wanted) return !known.empty();
    return dot != std::string::npos && dot > 0 && known.starts_with("*.") &&
           std::string_view(known).substr(1) == std::string_view(wanted).substr(dot);
  });
}

Result<std::shared_ptr<const Certificate>> ReadCertificate(
    const worker::v1::TlsCertificate& message, const std::string& field) {
  auto certificate = std::make_shared<Certificate>();
  certificate->name = message.name();
  certificate->ocsp_response = message.ocsp_response();
  SHA256(reinterpret_cast<const uint8_t*>(message.name().data()), message.name().size(),
         certificate->session_context.data());
  if (message.name().empty()) return Invalid(field, "one has no name");
  if (message.chain().empty()) return Invalid(field + ".chain", "is empty");
  for (int i = 0; i < message.chain_size(); ++i) {
    const std::string& der = message.chain(i);
    bssl::UniquePtr<CRYPTO_BUFFER> buffer(
        CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
    const bssl::UniquePtr<X509> x509(X509_parse_from_buffer(buffer.get()));
    const std::string path = field + ".chain[" + std::to_string(i) + "]";
    if (!x509) return Invalid(path, "is not an X.509 certificate in DER");
    certificate->chain.push_back(std::move(buffer));
    if (i != 0) continue;
    const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(x509.get()));
    const auto kind = KindOf(key.get());
    if (!kind) return Invalid(path, "its key is neither RSA nor ECDSA over P-256 or P-384");
    certificate->kind = *kind;
    certificate->key = KeyHash(x509.get());
    if (certificate->key != message.key()) {
      return Invalid(field + ".key", "is not the SHA-256 of the certificate's public key");
    }
    certificate->names = NamesOf(x509.get());
  }
  return std::shared_ptr<const Certificate>(std::move(certificate));
}

ClientAlgorithms::ClientAlgorithms(const SSL_CLIENT_HELLO& hello, bool cbc)
    : cbc_(cbc), version_(hello.version), suites_(hello.cipher_suites, hello.cipher_suites_len) {
  if (const auto versions = ExtensionList(hello, TLSEXT_TYPE_supported_versions, 1)) {
    version_ = 0;
    for (const uint16_t version : {TLS1_3_VERSION, TLS1_2_VERSION, TLS1_1_VERSION, TLS1_VERSION}) {
      if (version_ == 0 && Contains(*versions, version)) version_ = version;
    }
  }
  if (const auto list = ExtensionList(hello, TLSEXT_TYPE_signature_algorithms, 2)) {
    signature_algorithms_ = *list;
    lists_signature_algorithms_ = true;
  }
  if (const auto list = ExtensionList(hello, TLSEXT_TYPE_supported_groups, 2)) {
    groups_ = *list;
    lists_groups_ = true;
  }
}

bool ClientAlgorithms::AnySuite(bool ecdsa) const {
  for (size_t i = 0; i + 1 < suites_.size(); i += 2) {
    const SSL_CIPHER* suite = SSL_get_cipher_by_value(NumberAt(suites_, i));
    if (suite == nullptr || SSL_CIPHER_get_kx_nid(suite) != NID_kx_ecdhe) continue;
    if (!cbc_ && !SSL_CIPHER_is_aead(suite)) continue;
    if (SSL_CIPHER_get_auth_nid(suite) == (ecdsa ? NID_auth_ecdsa : NID_auth_rsa)) return true;
  }
  return false;
}

// What is not listed is not restricted here (RFC 5246 section 7.4.1.4.1); it has no meaning before
// TLS 1.2.
bool ClientAlgorithms::Signs(uint16_t algorithm) const {
  if (version_ < TLS1_2_VERSION || !lists_signature_algorithms_) return true;
  return Contains(signature_algorithms_, algorithm);
}

bool ClientAlgorithms::Allow(KeyKind kind) const {
  const bool tls13 = version_ >= TLS1_3_VERSION;
  if (kind == KeyKind::kRsa) {
    if (!tls13 && !AnySuite(false)) return false;
    for (const uint16_t pss : {SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA384,
                               SSL_SIGN_RSA_PSS_RSAE_SHA512}) {
      if (Signs(pss)) return true;
    }
    return !tls13 && (Signs(SSL_SIGN_RSA_PKCS1_SHA256) || Signs(SSL_SIGN_RSA_PKCS1_SHA384) ||
                      Signs(SSL_SIGN_RSA_PKCS1_SHA512) || Signs(SSL_SIGN_RSA_PKCS1_SHA1));
  }
  const bool p256 = kind == KeyKind::kP256;
  const uint16_t algorithm =
      p256 ? SSL_SIGN_ECDSA_SECP256R1_SHA256 : SSL_SIGN_ECDSA_SECP384R1_SHA384;
  const uint16_t group = p256 ? SSL_CURVE_SECP256R1 : SSL_CURVE_SECP384R1;
  if (tls13) return Signs(algorithm);
  if (!AnySuite(true) || (lists_groups_ && !Contains(groups_, group))) return false;
  // Before TLS 1.3 the curve does not follow from the algorithm (RFC 8422 section 5.1.3).
  return Signs(SSL_SIGN_ECDSA_SECP256R1_SHA256) || Signs(SSL_SIGN_ECDSA_SECP384R1_SHA384) ||
         Signs(SSL_SIGN_ECDSA_SHA1);
}

const Certificate& Choose(std::span<const std::shared_ptr<const Certificate>> certificates,
                          std::string_view server_name, const ClientAlgorithms& algorithms) {
  const Certificate* chosen = nullptr;
  for (const bool named : {true, false}) {
    for (const auto& certificate : certificates) {
      if (named && !certificate->Fits(server_name)) continue;
      if (algorithms.Allow(certificate->kind)) return *certificate;
      if (chosen == nullptr) chosen = certificate.get();
    }
    if (chosen != nullptr) break;
  }
  return *chosen;
}

}  // namespace aloha::tls
