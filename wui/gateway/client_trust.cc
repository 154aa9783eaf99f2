#include "wui/gateway/client_trust.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace aloha::gateway {
namespace {

// Certificates between a client's and the trust anchor.
constexpr int kMaxDepth = 8;
// 112 bits, as OpenSSL counts them: no SHA-1, no RSA below 2048.
constexpr int kSecurityLevel = 2;

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct ContextDeleter {
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// Whatever its bytes are: what is no printable ASCII is escaped.
std::string SubjectOf(const X509* certificate) {
  const std::unique_ptr<BIO, BioDeleter> text(BIO_new(BIO_s_mem()));
  if (!text ||
      X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* data = nullptr;
  const long length = BIO_get_mem_data(text.get(), &data);
  std::string subject(data, length > 0 ? static_cast<size_t>(length) : 0);
  const bool plain = std::all_of(subject.begin(), subject.end(),
                                 [](char letter) { return letter >= ' ' && letter <= '~'; });
  return plain ? subject : std::string();
}

int64_t Seconds(const ASN1_TIME* time) {
  tm broken{};
  return ASN1_TIME_to_tm(time, &broken) == 1 ? static_cast<int64_t>(timegm(&broken)) : 0;
}

int64_t EndOf(const STACK_OF(X509) * chain) {
  int64_t end = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < sk_X509_num(chain); ++i)
    end = std::min(end, Seconds(X509_get0_notAfter(sk_X509_value(chain, i))));
  return end;
}

// error: X509_V_ERR_….
void Refuse(int error, int depth, RemoteClient& client) {
  const std::string whose = depth == 0 ? "your certificate" : "the certificate that signed yours";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      client.refused = "expired";
      client.text = whose + " has expired";
      return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      client.refused = "not_yet_valid";
      client.text = whose + " is not valid yet";
      return;
    case X509_V_ERR_INVALID_PURPOSE:
      client.refused = "usage";
      client.text =
          whose +
          " is not for TLS clients (extended key usage clientAuth, key usage digitalSignature)";
      return;
    default:
      client.refused = "foreign";
      client.text = fmt::format(
          "your certificate is not vouched for by the trust anchor of management.grpc: {}",
          X509_verify_cert_error_string(error));
  }
}

}  // namespace

void ClientTrust::StoreDeleter::operator()(X509_STORE* store) const { X509_STORE_free(store); }

Result<ClientTrust> ClientTrust::Make(
    const google::protobuf::RepeatedPtrField<std::string>& anchors) {
  if (anchors.empty()) return Fail(Code::kInvalidArgument, "no trust anchor");
  ClientTrust trust;
  trust.store_.reset(X509_STORE_new());
  for (const std::string& der : anchors) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* end = at + der.size();
    const std::unique_ptr<X509, X509Deleter> anchor(
        d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!anchor || at != end || !trust.store_ ||
        X509_STORE_add_cert(trust.store_.get(), anchor.get()) != 1) {
      ERR_clear_error();
      return Fail(Code::kInvalidArgument, "not a certificate");
    }
  }
  return trust;
}

RemoteClient ClientTrust::WhoIs(const SSL* session, int64_t now_s) const {
  return WhoIs(SSL_get0_peer_certificate(session), SSL_get_peer_cert_chain(session), now_s);
}

RemoteClient ClientTrust::WhoIs(X509* certificate, STACK_OF(X509) * others, int64_t now_s) const {
  RemoteClient client;
  if (certificate == nullptr) {
    client.refused = "no_certificate";
    client.text = "you showed no certificate; mutual TLS needs one (alohactl --cert, --key)";
    return client;
  }
  client.subject = SubjectOf(certificate);
  const std::unique_ptr<X509_STORE_CTX, ContextDeleter> context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store_.get(), certificate, others) != 1) {
    Refuse(X509_V_ERR_OUT_OF_MEM, 0, client);
    return client;
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_depth(rules, kMaxDepth);
  X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(now_s));
  if (X509_verify_cert(context.get()) != 1) {
    Refuse(X509_STORE_CTX_get_error(context.get()), X509_STORE_CTX_get_error_depth(context.get()),
           client);
  } else if (client.subject.empty() || client.subject.size() > kMaxSubject) {
    client.refused = "subject";
    client.text = client.subject.empty() ? "your certificate names nobody: its subject is empty"
                                         : "the subject of your certificate is too long";
  } else {
    client.not_after_s = EndOf(X509_STORE_CTX_get0_chain(context.get()));
  }
  ERR_clear_error();
  if (client.subject.size() > kMaxSubject) client.subject.resize(kMaxSubject);
  return client;
}

}  // namespace aloha::gateway
