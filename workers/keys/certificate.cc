#include "workers/keys/certificate.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "workers/keys/owned.h"
#include "workers/runtime/log.h"

namespace aloha::keys {
namespace {

constexpr int kMaxNames = 100;
constexpr size_t kMaxTextBytes = 255;
constexpr size_t kMaxChain = 16;

using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedBio = Owned<BIO, BIO_free>;

std::string Text(std::string_view bytes) { return EscapeForLog(bytes.substr(0, kMaxTextBytes)); }

std::string_view View(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

// The last common name, which is the most specific; empty: none.
std::string CommonName(const X509_NAME* name) {
  int at = -1, last = -1;
  while ((at = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(name), NID_commonName, at)) >= 0)
    last = at;
  if (last < 0) return {};
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
  uint8_t* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, const_cast<ASN1_STRING*>(data));
  if (length < 0) return {};
  const OwnedBytes owned(utf8);
  return Text({reinterpret_cast<const char*>(utf8), static_cast<size_t>(length)});
}

// "CN=R3, O=Let's Encrypt, C=US"
std::string WholeName(const X509_NAME* name) {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  // The most specific part first, in UTF-8 and without escapes: it is for reading.
  constexpr unsigned long kFlags =
      ASN1_STRFLGS_UTF8_CONVERT | XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN;
  if (X509_NAME_print_ex(bio.get(), const_cast<X509_NAME*>(name), 0, kFlags) < 0) return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return Text({text, static_cast<size_t>(length)});
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  const std::string_view bytes = View(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

void AddNames(X509& certificate, worker::v1::CertificateDetails& details) {
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return;
  const int count = static_cast<int>(sk_GENERAL_NAME_num(names.get()));
  for (int i = 0; i < std::min(count, kMaxNames); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) details.add_names(Text(View(name->d.dNSName)));
    if (name->type != GEN_IPADD) continue;
    if (std::string text = AddressText(name->d.iPAddress); !text.empty())
      details.add_names(std::move(text));
  }
}

std::string OcspUrl(X509& certificate) {
  const Owned<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free> access(
      static_cast<AUTHORITY_INFO_ACCESS*>(
          X509_get_ext_d2i(&certificate, NID_info_access, nullptr, nullptr)));
  if (!access) return {};
  const int count = static_cast<int>(sk_ACCESS_DESCRIPTION_num(access.get()));
  for (int i = 0; i < count; ++i) {
    const ACCESS_DESCRIPTION* entry = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(entry->method) == NID_ad_OCSP && entry->location->type == GEN_URI)
      return Text(View(entry->location->d.uniformResourceIdentifier));
  }
  return {};
}

bool IsCa(X509& certificate) {
  const Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(
      static_cast<BASIC_CONSTRAINTS*>(
          X509_get_ext_d2i(&certificate, NID_basic_constraints, nullptr, nullptr)));
  return constraints && constraints->ca != 0;
}

int64_t Seconds(const ASN1_TIME* time) {
  constexpr int64_t kDay = 86'400;
  const Owned<ASN1_TIME, ASN1_TIME_free> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return 0;
  return days * kDay + seconds;
}

std::string Serial(const X509& certificate) {
  const Owned<BIGNUM, BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  if (!number || BN_num_bytes(number.get()) > 64) return {};
  std::vector<uint8_t> bytes(static_cast<size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return ToHex(bytes);
}

}  // namespace

void CertificateDeleter::operator()(x509_st* certificate) const { X509_free(certificate); }

Certificate ParseCertificate(std::span<const uint8_t> der) {
  const uint8_t* end = der.data();
  Certificate certificate(d2i_X509(nullptr, &end, static_cast<long>(der.size())));
  ERR_clear_error();
  if (end != der.data() + der.size()) return nullptr;
  return certificate;
}

std::string ToDer(x509_st& certificate) {
  uint8_t* der = nullptr;
  const int length = i2d_X509(&certificate, &der);
  if (length <= 0) return {};
  const OwnedBytes owned(der);
  return {reinterpret_cast<const char*>(der), static_cast<size_t>(length)};
}

worker::v1::CertificateDetails Describe(x509_st& certificate) {
  worker::v1::CertificateDetails details;
  details.set_common_name(CommonName(X509_get_subject_name(&certificate)));
  AddNames(certificate, details);
  details.set_issuer(WholeName(X509_get_issuer_name(&certificate)));
  details.set_not_before_s(Seconds(X509_get0_notBefore(&certificate)));
  details.set_not_after_s(Seconds(X509_get0_notAfter(&certificate)));
  details.set_self_signed(IsSignedBy(certificate, certificate));
  details.set_is_ca(IsCa(certificate));
  const OwnedKey key(X509_get_pubkey(&certificate));
  if (key) details.set_key_type(KeyTypeName(*key));
  const std::string der = ToDer(certificate);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> fingerprint{};
  SHA256(reinterpret_cast<const uint8_t*>(der.data()), der.size(), fingerprint.data());
  details.set_fingerprint(fingerprint.data(), fingerprint.size());
  details.set_serial(Serial(certificate));
  details.set_ocsp_url(OcspUrl(certificate));
  ERR_clear_error();
  return details;
}

bool Fits(x509_st& certificate, const PrivateKey& key) {
  const OwnedKey own(X509_get_pubkey(&certificate));
  return own && PublicKeyDer(*own) == PublicKeyDer(*key.get());
}

bool IsSignedBy(x509_st& child, x509_st& issuer) {
  if (X509_NAME_cmp(X509_get_issuer_name(&child), X509_get_subject_name(&issuer)) != 0)
    return false;
  const OwnedKey key(X509_get_pubkey(&issuer));
  const bool verified = key && X509_verify(&child, key.get()) == 1;
  ERR_clear_error();
  return verified;
}

bool HasWeakSignature(x509_st& certificate) {
  const int signature = X509_get_signature_nid(&certificate);
  return signature == NID_md5WithRSAEncryption || signature == NID_sha1WithRSAEncryption ||
         signature == NID_ecdsa_with_SHA1;
}

std::optional<Chain> MakeChain(std::vector<Certificate> heap, const PrivateKey& key) {
  Chain chain;
  const auto fits = [&key](const Certificate& c) { return Fits(*c, key); };
  std::stable_sort(heap.begin(), heap.end(), [](const Certificate& a, const Certificate& b) {
    return Seconds(X509_get0_notAfter(a.get())) > Seconds(X509_get0_notAfter(b.get()));
  });
  auto next = std::find_if(heap.begin(), heap.end(), fits);
  if (next == heap.end()) return std::nullopt;
  while (next != heap.end() && chain.certificates.size() < kMaxChain) {
    chain.certificates.push_back(std::move(*next));
    heap.erase(next);
    X509& last = *chain.certificates.back();
    chain.reaches_root = IsSignedBy(last, last);
    if (chain.reaches_root) break;
    next = std::find_if(heap.begin(), heap.end(),
                        [&last](const Certificate& c) { return IsSignedBy(last, *c); });
  }
  return chain;
}

}  // namespace aloha::keys
