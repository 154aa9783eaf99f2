#include "tests/farm/certificate.h"

#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <asio/error.hpp>
#include <asio/system_error.hpp>

namespace aloha::farm {
namespace {

bssl::UniquePtr<EVP_PKEY> MakeKey() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (!ec || !key || !EC_KEY_generate_key(ec.get()) || !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<X509> MakeCertificate(const std::string& name, EVP_PKEY* key) {
  bssl::UniquePtr<X509> x509(X509_new());
  X509_NAME* subject = X509_get_subject_name(x509.get());
  const std::string names = "DNS:" + name;
  bssl::UniquePtr<X509_EXTENSION> alternative(
      X509V3_EXT_nconf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
  const bool made =
      alternative && X509_set_version(x509.get(), X509_VERSION_3) &&
      ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1) &&
      X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600) &&
      X509_gmtime_adj(X509_getm_notAfter(x509.get()), 365 * 86400L) &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const uint8_t*>(name.c_str()), -1, -1, 0) &&
      X509_set_issuer_name(x509.get(), subject) && X509_set_pubkey(x509.get(), key) &&
      X509_add_ext(x509.get(), alternative.get(), -1) && X509_sign(x509.get(), key, EVP_sha256());
  return made ? std::move(x509) : nullptr;
}

void UseNewCertificate(const std::string& name, asio::ssl::context& context) {
  bssl::UniquePtr<EVP_PKEY> key = MakeKey();
  bssl::UniquePtr<X509> x509 = key ? MakeCertificate(name, key.get()) : nullptr;
  if (!x509 || !SSL_CTX_use_certificate(context.native_handle(), x509.get()) ||
      !SSL_CTX_use_PrivateKey(context.native_handle(), key.get())) {
    throw asio::system_error(asio::error::invalid_argument, "certificate for " + name);
  }
}

}  // namespace

std::unique_ptr<asio::ssl::context> MakeTlsContext(const std::string& name,
                                                   const TlsOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  auto file = options.certificates.find(name);
  if (file == options.certificates.end()) file = options.certificates.find("");
  if (file == options.certificates.end()) {
    UseNewCertificate(name, *context);
  } else {
    context->use_certificate_chain_file(file->second);
    context->use_private_key_file(file->second, asio::ssl::context::pem);
  }
  if (!options.client_ca.empty()) {
    context->load_verify_file(options.client_ca);
    context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  if (options.no_tls13) {
    SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
  }
  // Session tickets of servers that ask for certificates are only used with a context of their own.
  constexpr uint8_t kContext[] = {'f', 'a', 'r', 'm'};
  SSL_CTX_set_session_id_context(context->native_handle(), kContext, sizeof(kContext));
  return context;
}

}  // namespace aloha::farm
