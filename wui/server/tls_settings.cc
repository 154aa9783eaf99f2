#include "wui/server/tls_settings.h"

#include <openssl/bytestring.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <iterator>
#include <string_view>
#include <utility>

namespace aloha::wui {
namespace {

// As the profile INTERMEDIATE of aloha-tls.
constexpr char kSuites[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr char kGroups[] = "X25519:P-256:P-384";
// Those that aloha-keys signs with.
constexpr uint16_t kSignatures[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PSS_RSAE_SHA512,    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA384,       SSL_SIGN_RSA_PKCS1_SHA512,
};
constexpr std::string_view kProtocol = "http/1.1";

int SelectProtocol(SSL*, const uint8_t** out, uint8_t* out_len, const uint8_t* in, unsigned in_len,
                   void*) {
  CBS list, one;
  CBS_init(&list, in, in_len);
  while (CBS_get_u8_length_prefixed(&list, &one)) {
    const std::string_view name(reinterpret_cast<const char*>(CBS_data(&one)), CBS_len(&one));
    if (name != kProtocol) continue;
    *out = CBS_data(&one);
    *out_len = static_cast<uint8_t>(CBS_len(&one));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return lower;
}

std::vector<std::string> NamesOf(X509* x509) {
  std::vector<std::string> names;
  char common_name[256];
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName,
                                               common_name, sizeof(common_name));
  if (length > 0) names.push_back(Lower({common_name, static_cast<size_t>(length)}));
  const bssl::UniquePtr<GENERAL_NAMES> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
  for (size_t i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    names.push_back(Lower({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  return names;
}

// SHA-256 of the SubjectPublicKeyInfo.
std::string KeyHash(const X509* x509) {
  uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size <= 0) return {};
  const bssl::UniquePtr<uint8_t> owned(der);
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(der, static_cast<size_t>(size), reinterpret_cast<uint8_t*>(hash.data()));
  return hash;
}

bool Configure(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) &&
         SSL_CTX_set_strict_cipher_list(context, kSuites) &&
         SSL_CTX_set1_curves_list(context, kGroups) &&
         SSL_CTX_set_signing_algorithm_prefs(context, kSignatures, std::size(kSignatures));
}

}  // namespace

Result<std::shared_ptr<const TlsSettings>> MakeTlsSettings(
    const worker::v1::TlsCertificate& certificate, const SSL_PRIVATE_KEY_METHOD& method,
    const std::string& field) {
  const auto invalid = [&](const char* part, const std::string& text) {
    return Fail(Code::kInvalidArgument, field + part + " " + text, field + part);
  };
  auto settings = std::make_shared<TlsSettings>();
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;
  std::vector<CRYPTO_BUFFER*> pointers;
  for (const std::string& der : certificate.chain()) {
    chain.emplace_back(
        CRYPTO_BUFFER_new(reinterpret_cast<const uint8_t*>(der.data()), der.size(), nullptr));
    const bssl::UniquePtr<X509> x509(X509_parse_from_buffer(chain.back().get()));
    if (!x509) return invalid(".chain", "has what is no X.509 certificate in DER");
    if (pointers.empty()) {
      settings->key = KeyHash(x509.get());
      settings->names = NamesOf(x509.get());
    }
    pointers.push_back(chain.back().get());
  }
  if (pointers.empty()) return invalid(".chain", "is empty");
  if (settings->key != certificate.key())
    return invalid(".key", "is not the SHA-256 of the certificate's public key");
  // Without X.509 objects: the chain is sent as it is.
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  if (!context || !Configure(context.get()) ||
      !SSL_CTX_set_chain_and_key(context.get(), pointers.data(), pointers.size(), nullptr,
                                 &method)) {
    return invalid("", "cannot be used");
  }
  settings->context = std::make_shared<asio::ssl::context>(context.release());
  return std::shared_ptr<const TlsSettings>(std::move(settings));
}

}  // namespace aloha::wui
