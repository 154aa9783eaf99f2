#include "workers/tls/server_side.h"

#include <openssl/err.h>

#include <algorithm>
#include <string_view>

#include "workers/tls/remote_key.h"
#include "workers/tls/running_config.h"
#include "workers/tls/ssl_text.h"

namespace aloha::tls {
namespace {

// In the order of what they cost here; scanners want to see one.
constexpr char kAeadSuites[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr char kCbcSuites[] =
    ":ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA";
constexpr char kGroups[] = "X25519:P-256:P-384";

// The keys of tickets are gone after three hours at most.
constexpr uint32_t kSessionSeconds = 2 * 3600;

// Those that aloha-keys signs with; the last two for old clients alone.
constexpr uint16_t kSignatures[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PSS_RSAE_SHA512,    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA384,       SSL_SIGN_RSA_PKCS1_SHA512,       SSL_SIGN_ECDSA_SHA1,
    SSL_SIGN_RSA_PKCS1_SHA1,
};
constexpr size_t kOldSignatures = 2;

const ListenerSettings& SettingsOf(const SSL* ssl) {
  return *static_cast<const ListenerSettings*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

ssl_select_cert_result_t SelectCertificate(const SSL_CLIENT_HELLO* hello) {
  SSL* ssl = hello->ssl;
  const ListenerSettings& settings = SettingsOf(ssl);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const ClientAlgorithms algorithms(*hello, settings.profile == worker::v1::TLS_PROFILE_LEGACY);
  const Certificate& chosen = Choose(settings.certificates, name ? name : "", algorithms);
  return UseCertificate(ssl, chosen) &&
                 SSL_set_session_id_context(ssl, chosen.session_context.data(),
                                            chosen.session_context.size())
             ? ssl_select_cert_success
             : ssl_select_cert_error;
}

int SelectProtocol(SSL* ssl, const uint8_t** out, uint8_t* out_len, const uint8_t* in,
                   unsigned in_len, void*) {
  const auto& wanted = SettingsOf(ssl).alpn;
  if (wanted.empty()) return SSL_TLSEXT_ERR_NOACK;
  for (const std::string& protocol : wanted) {
    for (unsigned i = 0; i + in[i] < in_len; i += 1 + in[i]) {  // the library checked the lengths
      if (protocol != std::string_view(reinterpret_cast<const char*>(in) + i + 1, in[i])) continue;
      *out = in + i + 1;
      *out_len = in[i];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int ProtectTicket(SSL* ssl, uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, HMAC_CTX* mac,
                  int encrypt) {
  const TicketKeys& keys = *SettingsOf(ssl).ticket_keys;
  if (encrypt) return keys.Seal(name, iv, cipher, mac) ? 1 : -1;
  switch (keys.Open(name, iv, cipher, mac)) {
    case TicketKeys::Opened::kUnknown:
      return 0;
    case TicketKeys::Opened::kCurrent:
      return 1;
    case TicketKeys::Opened::kOld:
      return 2;
    case TicketKeys::Opened::kFailed:
      break;
  }
  return -1;
}

bool SetProfile(SSL_CTX* context, worker::v1::TlsProfile profile) {
  const bool legacy = profile == worker::v1::TLS_PROFILE_LEGACY;
  const uint16_t oldest = legacy                                      ? TLS1_VERSION
                          : profile == worker::v1::TLS_PROFILE_MODERN ? TLS1_3_VERSION
                                                                      : TLS1_2_VERSION;
  const std::string suites = std::string(kAeadSuites) + (legacy ? kCbcSuites : "");
  return SSL_CTX_set_min_proto_version(context, oldest) &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) &&
         SSL_CTX_set_strict_cipher_list(context, suites.c_str()) &&
         SSL_CTX_set1_curves_list(context, kGroups) &&
         SSL_CTX_set_signing_algorithm_prefs(
             context, kSignatures, std::size(kSignatures) - (legacy ? 0 : kOldSignatures));
}

}  // namespace

Result<bssl::UniquePtr<SSL_CTX>> MakeServerContext(const ListenerSettings& settings) {
  // Without X.509 objects: chains are sent as they are.
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  if (!context || !SetProfile(context.get(), settings.profile)) {
    return Fail(Code::kInternal, "TLS context: " + QueuedErrorText());
  }
  SSL_CTX_set_app_data(context.get(), const_cast<ListenerSettings*>(&settings));
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context.get(), kSessionSeconds);
  SSL_CTX_set_session_psk_dhe_timeout(context.get(), kSessionSeconds);
  SSL_CTX_set_select_certificate_cb(context.get(), SelectCertificate);
  SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_cb(context.get(), ProtectTicket);
  return context;
}

}  // namespace aloha::tls
