#include "workers/tls/client_side.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "workers/tls/remote_key.h"
#include "workers/tls/ssl_text.h"

namespace aloha::tls {
namespace {

constexpr char kSuites[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";
constexpr char kGroups[] = "X25519:P-256:P-384";

auto Invalid(const std::string& field, const std::string& message) {
  return Fail(Code::kInvalidArgument, field + ": " + message, field);
}

const ServerSettings& SettingsOf(const SSL* ssl) {
  return *static_cast<const ServerSettings*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

// The key alone counts: neither names nor dates nor who signed.
ssl_verify_result_t VerifyPin(SSL* ssl, uint8_t*) {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl);
  const bssl::UniquePtr<X509> leaf(chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0
                                       ? nullptr
                                       : X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, 0)));
  const auto& pin = SettingsOf(ssl).pin_sha256;
  if (leaf && KeyHash(leaf.get()) == std::string(pin.begin(), pin.end())) return ssl_verify_ok;
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED, "", 0);
  ERR_add_error_data(1, "its key is not the pinned one");
  return ssl_verify_invalid;
}

// Called when the server asks for a certificate.
int ShowCertificate(SSL* ssl, void*) {
  const ServerSettings& settings = SettingsOf(ssl);
  if (!settings.certificate || SSL_version(ssl) < TLS1_3_VERSION) return 1;  // goes on without
  return UseCertificate(ssl, *settings.certificate) ? 1 : 0;
}

Result<> AddAnchors(const worker::v1::TlsServer& message, const std::string& field,
                    SSL_CTX* context) {
  if (message.trust_anchors().empty()) return Invalid(field + ".trust_anchors", "there is none");
  bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  for (int i = 0; i < message.trust_anchors_size(); ++i) {
    const std::string& der = message.trust_anchors(i);
    const bssl::UniquePtr<X509> anchor(ReadX509(der));
    if (!anchor) {
      return Invalid(field + ".trust_anchors[" + std::to_string(i) + "]",
                     "is not an X.509 certificate in DER");
    }
    if (!store || !X509_STORE_add_cert(store.get(), anchor.get())) {
      return Fail(Code::kInternal, "trust anchors: " + QueuedErrorText());
    }
  }
  SSL_CTX_set_cert_store(context, store.release());
  // An anchor need not be a root: whoever is named there is trusted.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

Result<> SetVerify(const worker::v1::TlsServer& message, const std::string& field,
                   ServerSettings& settings, SSL_CTX* context) {
  settings.verify = message.verify();
  switch (message.verify()) {
    case worker::v1::SERVER_VERIFY_CA:
      return AddAnchors(message, field, context);
    case worker::v1::SERVER_VERIFY_PIN:
      if (message.pin_sha256().size() != settings.pin_sha256.size()) {
        return Invalid(field + ".pin_sha256", "is not of 32 bytes");
      }
      std::copy(message.pin_sha256().begin(), message.pin_sha256().end(),
                settings.pin_sha256.begin());
      SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER, VerifyPin);
      return {};
    case worker::v1::SERVER_VERIFY_NONE:
      SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
      return {};
    default:
      return Invalid(field + ".verify", "is none");
  }
}

Result<> SetProtocols(const worker::v1::TlsServer& message, const std::string& field,
                      SSL_CTX* context) {
  std::string list;
  for (const std::string& protocol : message.alpn()) {
    if (protocol.empty() || protocol.size() > 255) {
      return Invalid(field + ".alpn", "a name is not of 1 to 255 bytes");
    }
    list += static_cast<char>(protocol.size()) + protocol;
  }
  // Zero is success here.
  if (SSL_CTX_set_alpn_protos(context, reinterpret_cast<const uint8_t*>(list.data()),
                              static_cast<unsigned>(list.size())) != 0) {
    return Invalid(field + ".alpn", "is too long");
  }
  return {};
}

}  // namespace

Result<> MakeClientContext(const worker::v1::TlsServer& message, const std::string& field,
                           ServerSettings& settings) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (!context || !SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) ||
      !SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) ||
      !SSL_CTX_set_strict_cipher_list(context.get(), kSuites) ||
      !SSL_CTX_set1_curves_list(context.get(), kGroups)) {
    return Fail(Code::kInternal, "TLS context: " + QueuedErrorText());
  }
  SSL_CTX_set_app_data(context.get(), &settings);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_cert_cb(context.get(), ShowCertificate, nullptr);
  settings.server_name = message.server_name();
  if (settings.server_name.size() > 255 || settings.server_name.find('\0') != std::string::npos) {
    return Invalid(field + ".server_name", "is not a name");
  }
  if (auto set = SetVerify(message, field, settings, context.get()); !set) return set;
  if (auto set = SetProtocols(message, field, context.get()); !set) return set;
  settings.context = std::move(context);
  return {};
}

bool AimAt(SSL* ssl, const ServerSettings& settings, const net::Address& server) {
  const std::string& name = settings.server_name;
  const auto literal = net::ParseIp(name);
  const bool is_name = !name.empty() && !literal;
  if (is_name && !SSL_set_tlsext_host_name(ssl, name.c_str())) return false;
  if (settings.verify == worker::v1::SERVER_VERIFY_CA) {
    X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
    const net::Ip ip = literal ? *literal : server.ip;
    const size_t skipped = net::IsIpv4(ip) ? 12 : 0;
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_name ? !X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size())
                : !X509_VERIFY_PARAM_set1_ip(expected, ip.data() + skipped, ip.size() - skipped)) {
      return false;
    }
  }
  const auto session = settings.sessions->Get(server);
  return !session || SSL_set_session(ssl, session.get());
}

}  // namespace aloha::tls
