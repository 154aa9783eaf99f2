#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <set>

#include "workers/keys/certificate.h"
#include "workers/keys/import.h"
#include "workers/keys/owned.h"
#include "workers/runtime/log.h"

namespace aloha::keys {
namespace {

constexpr uint32_t kMaxDays = 3650;
constexpr int kMaxNames = 100;
constexpr size_t kMaxCommonName = 64;  // RFC 5280 appendix A.1, ub-common-name

// 4 or 16 bytes; empty: not a numeric address.
std::string AddressBytes(const std::string& text) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
  return {};
}

// Letters, digits, hyphens and dots, and a star as the whole first label.
bool IsDnsName(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.back() == '.') return false;
  const auto allowed = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  };
  return std::all_of(name.begin(), name.end(), allowed) &&
         name.find("..") == std::string_view::npos;
}

// The names of the certificate, each once; the common name first.
Result<std::vector<std::string>> Names(const worker::v1::CreateSelfSignedRequest& request) {
  std::vector<std::string> names;
  if (IsDnsName(request.common_name()) || !AddressBytes(request.common_name()).empty())
    names.push_back(request.common_name());
  for (const std::string& name : request.names()) {
    if (!IsDnsName(name) && AddressBytes(name).empty())
      return Fail(Code::kInvalidArgument,
                  "\"" + EscapeForLog(name) + "\" is neither a host name nor an address", "names");
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.size() > kMaxNames) return Fail(Code::kInvalidArgument, "too many names", "names");
  return names;
}

bool AddNames(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    const std::string address = AddressBytes(name);
    const std::string& bytes = address.empty() ? name : address;
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_STRING* value =
        ASN1_STRING_type_new(address.empty() ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    if (ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    GENERAL_NAME_set0_value(entry, address.empty() ? GEN_DNS : GEN_IPADD, value);
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1;
}

// A server's certificate that signs nothing but handshakes.
bool AddUse(X509* certificate) {
  const Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(BASIC_CONSTRAINTS_new());
  const Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free> usage(ASN1_BIT_STRING_new());
  ASN1_BIT_STRING_set_bit(usage.get(), 0 /* digitalSignature */, 1);
  const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> purposes(EXTENDED_KEY_USAGE_new());
  sk_ASN1_OBJECT_push(purposes.get(), OBJ_nid2obj(NID_server_auth));
  return X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints.get(), 1, 0) == 1 &&
         X509_add1_ext_i2d(certificate, NID_key_usage, usage.get(), 1, 0) == 1 &&
         X509_add1_ext_i2d(certificate, NID_ext_key_usage, purposes.get(), 0, 0) == 1;
}

bool SetNumber(X509* certificate) {
  std::array<uint8_t, 16> random{};
  RAND_bytes(random.data(), random.size());
  random[0] = (random[0] & 0x7f) | 0x40;
  const Owned<BIGNUM, BN_free> number(BN_bin2bn(random.data(), random.size(), nullptr));
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetName(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const uint8_t*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool SetDates(X509* certificate, int64_t now_s, uint32_t days) {
  constexpr int64_t kHour = 3'600, kDay = 86'400;
  // An hour back, for clients whose clock is behind.
  return ASN1_TIME_set(X509_getm_notBefore(certificate), now_s - kHour) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now_s + days * kDay) != nullptr;
}

}  // namespace

Result<ImportedKey> CreateSelfSigned(const worker::v1::CreateSelfSignedRequest& request,
                                     int64_t now_s) {
  if (request.common_name().empty() || request.common_name().size() > kMaxCommonName)
    return Fail(Code::kInvalidArgument, "1 to 64 bytes are needed", "common_name");
  if (request.days() < 1 || request.days() > kMaxDays)
    return Fail(Code::kInvalidArgument, "1 to 3,650 are needed", "days");
  const Result<std::vector<std::string>> names = Names(request);
  if (!names) return tl::make_unexpected(names.error());
  Result<PrivateKey> key = PrivateKey::Generate(request.key_type());
  if (!key) return tl::make_unexpected(key.error());
  const Certificate certificate(X509_new());
  X509* x509 = certificate.get();
  const bool made = X509_set_version(x509, 2) == 1 && SetNumber(x509) &&
                    SetName(x509, request.common_name()) && SetDates(x509, now_s, request.days()) &&
                    X509_set_pubkey(x509, key->get()) == 1 && AddNames(x509, *names) &&
                    AddUse(x509) && X509_sign(x509, key->get(), EVP_sha256()) > 0;
  ERR_clear_error();
  if (!made) return Fail(Code::kInternal, "the certificate could not be made");
  worker::v1::ImportKeyResponse response;
  response.set_key(key->hash().data(), key->hash().size());
  response.add_chain(ToDer(*certificate));
  *response.mutable_details() = Describe(*certificate);
  return ImportedKey{std::move(*key), std::move(response)};
}

}  // namespace aloha::keys
