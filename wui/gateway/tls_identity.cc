#include "wui/gateway/tls_identity.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sodium/core.h>

#include <algorithm>
#include <utility>

namespace aloha::gateway {
namespace {

// Of a handshake: ours are 408 bytes each.
constexpr long kMaxCertificateBytes = 16 * 1024;
// The protocol inside, as ALPN (RFC 7301) names it.
constexpr unsigned char kHttp2[] = {2, 'h', '2'};

// OpenSSL's own reading of chains decides nothing in a handshake.
int AcceptAny(X509_STORE_CTX*, void*) { return 1; }

int ChooseHttp2(SSL*, const unsigned char** out, unsigned char* out_len, const unsigned char* in,
                unsigned in_len, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_len, kHttp2, sizeof(kHttp2), in, in_len) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string CertificateOf(SSL* session) {
  const X509* certificate = SSL_get0_peer_certificate(session);
  unsigned char* der = nullptr;
  const int length = certificate != nullptr ? i2d_X509(certificate, &der) : 0;
  if (length <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return out;
}

std::shared_ptr<asio::ssl::context> MakeContext() {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tlsv13);
  SSL_CTX* ssl = context->native_handle();
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(ssl, kMaxCertificateBytes);
  AskForCertificate(ssl);
  if (SSL_CTX_set_alpn_protos(ssl, kHttp2, sizeof(kHttp2)) != 0) return nullptr;
  return context;
}

}  // namespace

Result<> PrepareTls() {
  if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
                           OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
                       nullptr) != 1 ||
      sodium_init() < 0)
    return Fail(Code::kInternal, "OpenSSL or libsodium does not start");
  // Whatever it loads at first use is loaded now.
  TlsIdentity first;
  if (auto made = first.MakeKey(); !made) return tl::make_unexpected(made.error());
  return MakeContext() ? Result<>() : Fail(Code::kInternal, "OpenSSL makes no context");
}

void AskForCertificate(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, AcceptAny, nullptr);
  SSL_CTX_set_alpn_select_cb(context, ChooseHttp2, nullptr);
}

void TlsIdentity::KeyDeleter::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Result<std::string> TlsIdentity::MakeKey() {
  key_.reset(EVP_EC_gen("P-256"));
  size_t length = 0;
  std::string point(sizeof(node::TlsPoint), '\0');
  if (!key_ ||
      EVP_PKEY_get_octet_string_param(key_.get(), "encoded-pub-key",
                                      reinterpret_cast<unsigned char*>(point.data()), point.size(),
                                      &length) != 1 ||
      length != point.size())
    return Fail(Code::kInternal, "OpenSSL makes no key");
  point_ = point;
  return point;
}

Result<> TlsIdentity::Use(const std::string& certificate) {
  const Result<node::NodeCertificate> read = node::ReadNodeCertificate(certificate);
  if (!read) return tl::make_unexpected(read.error());
  if (!key_ || !std::equal(read->tls_key.begin(), read->tls_key.end(), point_.begin(), point_.end(),
                           [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }))
    return Fail(Code::kInvalidArgument, "the certificate is not that of the key made last");
  auto context = MakeContext();
  if (!context ||
      SSL_CTX_use_certificate_ASN1(context->native_handle(), static_cast<int>(certificate.size()),
                                   reinterpret_cast<const unsigned char*>(certificate.data())) !=
          1 ||
      SSL_CTX_use_PrivateKey(context->native_handle(), key_.get()) != 1)
    return Fail(Code::kInternal, "OpenSSL does not take the certificate");
  context_ = std::move(context);
  return {};
}

OtherSide WhoIs(SSL* session, int64_t now_s) {
  OtherSide side;
  const std::string der = CertificateOf(session);
  if (der.empty()) {
    side.refused = "no_certificate";
    side.text = "it showed no certificate";
    return side;
  }
  const Result<node::NodeCertificate> certificate = node::ReadNodeCertificate(der);
  if (!certificate) {
    side.refused = "not_a_node";
    side.text = certificate.error().message;
    return side;
  }
  side.node_key = certificate->node_key;
  side.not_after_s = certificate->not_after_s;
  if (auto valid = node::CheckTimes(*certificate, now_s); !valid) {
    side.refused = "expired";
    side.text = valid.error().message;
  }
  return side;
}

}  // namespace aloha::gateway
