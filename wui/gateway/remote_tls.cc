#include "wui/gateway/remote_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>

#include "wui/gateway/tls_identity.h"

namespace aloha::gateway {
namespace {

// A client's certificate with those up to the root.
constexpr long kMaxChainBytes = 64 * 1024;
// 112 bits, as OpenSSL counts them.
constexpr int kSecurityLevel = 2;
constexpr std::chrono::seconds kBetweenLines{10};

// With forward secrecy and authenticated encryption, as RFC 9325 recommends; TLS 1.3 has no others.
constexpr char kSuites12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// What aloha-keys signs with and clients may; the last two are clients' alone.
constexpr char kSignatures[] =
    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
    "rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:ed25519:ecdsa_secp521r1_sha512";

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Deleter>;

Certificate Read(OSSL_LIB_CTX* library, const std::string& der) {
  X509* certificate = X509_new_ex(library, KeyProvider::kProperties);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = at + der.size();
  if (d2i_X509(&certificate, &at, static_cast<long>(der.size())) == nullptr || at != end) {
    X509_free(certificate);
    return nullptr;
  }
  return Certificate(certificate);
}

bool Configure(SSL_CTX* ssl) {
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_security_level(ssl, kSecurityLevel);
  SSL_CTX_set_max_cert_list(ssl, kMaxChainBytes);
  AskForCertificate(ssl);
  return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ssl, kSuites12) == 1 &&
         SSL_CTX_set1_sigalgs_list(ssl, kSignatures) == 1;
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> RemoteTls::MakeContext(
    const worker::v1::TlsCertificate& certificate) {
  if (!provider_) {
    auto made =
        KeyProvider::Make([this](std::string_view key, uint16_t scheme, std::string_view message) {
          return Sign(key, scheme, message);
        });
    if (!made) return tl::make_unexpected(made.error());
    provider_ = std::move(*made);
  }
  SSL_CTX* ssl =
      SSL_CTX_new_ex(provider_->context(), KeyProvider::kProperties, TLS_server_method());
  if (ssl == nullptr) return Fail(Code::kInternal, "OpenSSL makes no context");
  // It owns ssl, and needs the provider to its end.
  const std::shared_ptr<asio::ssl::context> context(
      new asio::ssl::context(ssl), [provider = provider_](asio::ssl::context* own) { delete own; });
  const auto refuse = [] {
    ERR_clear_error();
    return Fail(Code::kInvalidArgument, "OpenSSL does not take the certificate");
  };
  if (!Configure(ssl) || certificate.chain().empty()) return refuse();
  const Certificate own = Read(provider_->context(), certificate.chain(0));
  if (!own || SSL_CTX_use_certificate(ssl, own.get()) != 1) return refuse();
  for (int i = 1; i < certificate.chain_size(); ++i) {
    const Certificate issuer = Read(provider_->context(), certificate.chain(i));
    if (!issuer || SSL_CTX_add1_chain_cert(ssl, issuer.get()) != 1) return refuse();
  }
  const EVP_PKEY* public_key = X509_get0_pubkey(own.get());
  if (public_key == nullptr) return refuse();
  Result<EvpKey> key = provider_->MakeKey(*public_key, certificate.key());
  if (!key) return tl::make_unexpected(key.error());
  if (SSL_CTX_use_PrivateKey(ssl, key->get()) != 1) return refuse();
  return context;
}

Result<std::string> RemoteTls::Sign(std::string_view key, uint16_t scheme,
                                    std::string_view message) {
  Result<std::string> signature = signing_.Sign(key, scheme, message);
  const auto now = std::chrono::steady_clock::now();
  if (!signature && now >= next_line_) {
    next_line_ = now + kBetweenLines;
    log_.Warning(
        fmt::format("a handshake of a remote administrator fails: {}", signature.error().message));
  }
  return signature;
}

}  // namespace aloha::gateway
