// BoringSSL. Its reader of PKCS#12 does all in one step, so what the file asks for is looked at
// before: the work for the MAC, and for each part and key that can be seen from outside. A key
// inside an encrypted part is bounded by the library: it opens one, with at most 100 million
// iterations.
#include <openssl/err.h>
#include <openssl/pkcs8.h>
#include <openssl/rand.h>
#include <openssl/stack.h>
#include <openssl/x509.h>

#include <array>

#include "workers/keys/ber.h"
#include "workers/keys/derivation_budget.h"
#include "workers/keys/library.h"
#include "workers/keys/owned.h"

namespace aloha::keys {
namespace {

constexpr const char* kDamaged = "the file is damaged";
constexpr const char* kNotPkcs12 = "the file is neither PKCS#12 (.pfx, .p12) nor PEM";

// Object identifiers, as far as they decide.
constexpr std::array<uint8_t, 9> kEncryptedData = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                   0x0d, 0x01, 0x07, 0x06};
constexpr std::array<uint8_t, 9> kData = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
constexpr std::array<uint8_t, 11> kShroudedKeyBag = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                                     0x01, 0x0c, 0x0a, 0x01, 0x02};

template <size_t kLength>
bool Is(const std::optional<BerElement>& object, const std::array<uint8_t, kLength>& name) {
  return object &&
         std::equal(object->content.begin(), object->content.end(), name.begin(), name.end());
}

// ContentInfo (RFC 2315 section 7), opened.
struct ContentInfo {
  std::optional<BerElement> type;
  BerReader content{{}};
};
ContentInfo OpenContentInfo(std::span<const uint8_t> sequence) {
  ContentInfo info;
  BerReader fields(sequence);
  info.type = fields.Next(BerReader::kObject);
  if (const auto content = fields.Next(BerReader::kExplicit0))
    info.content = BerReader(content->content);
  return info;
}

std::vector<uint8_t> NextOctets(BerReader& from) {
  const auto octets = from.Next();
  if (!octets || (octets->tag & ~0x20) != BerReader::kOctetString) return {};
  return BerOctets(*octets);
}

// The bags of a part in clear: what the keys among them ask for.
Result<> SpendForBags(std::span<const uint8_t> contents, DerivationBudget& budget) {
  const auto bags = BerReader(contents).Next(BerReader::kSequence);
  BerReader all(bags ? bags->content : std::span<const uint8_t>());
  while (const auto bag = all.Next()) {
    const ContentInfo info = OpenContentInfo(bag->content);
    if (!Is(info.type, kShroudedKeyBag)) continue;
    const auto key = BerReader(info.content).Next(BerReader::kSequence);
    const auto algorithm = key ? BerReader(key->content).Next(BerReader::kSequence) : std::nullopt;
    if (!algorithm) return Fail(Code::kInvalidArgument, kDamaged);
    if (auto spent = budget.SpendFor(algorithm->content); !spent) return spent;
  }
  return {};
}

// EncryptedData (RFC 2315 section 13).
Result<> SpendForEncrypted(BerReader content, DerivationBudget& budget) {
  const auto data = content.Next(BerReader::kSequence);
  BerReader fields(data ? data->content : std::span<const uint8_t>());
  fields.Next(BerReader::kInteger);
  const auto inner = fields.Next(BerReader::kSequence);
  BerReader inner_fields(inner ? inner->content : std::span<const uint8_t>());
  inner_fields.Next(BerReader::kObject);
  const auto algorithm = inner_fields.Next(BerReader::kSequence);
  if (!algorithm) return Fail(Code::kInvalidArgument, kDamaged);
  return budget.SpendFor(algorithm->content);
}

Result<> SpendForMac(BerReader& fields, DerivationBudget& budget) {
  const auto mac = fields.Next(BerReader::kSequence);
  if (!mac) return {};
  BerReader mac_fields(mac->content);
  mac_fields.Next(BerReader::kSequence);
  mac_fields.Next();
  const auto iterations = mac_fields.Next(BerReader::kInteger);
  const uint64_t count = iterations ? BerNumber(*iterations).value_or(UINT64_MAX) : 1;
  // A missing password is tried as an empty one, too.
  if (auto spent = budget.Spend(count); !spent) return spent;
  return {};
}

Result<> SpendFor(std::span<const uint8_t> file, DerivationBudget& budget) {
  const auto outer = BerReader(file).Next(BerReader::kSequence);
  if (!outer) return Fail(Code::kInvalidArgument, kNotPkcs12);
  BerReader fields(outer->content);
  if (!fields.Next(BerReader::kInteger)) return Fail(Code::kInvalidArgument, kNotPkcs12);
  const auto contents = fields.Next(BerReader::kSequence);
  if (!contents) return Fail(Code::kInvalidArgument, kNotPkcs12);
  if (auto spent = SpendForMac(fields, budget); !spent) return spent;
  ContentInfo authenticated = OpenContentInfo(contents->content);
  const std::vector<uint8_t> octets = NextOctets(authenticated.content);
  const auto parts = BerReader(octets).Next(BerReader::kSequence);
  BerReader all(parts ? parts->content : std::span<const uint8_t>());
  while (const auto part = all.Next(BerReader::kSequence)) {
    ContentInfo info = OpenContentInfo(part->content);
    Result<> spent;
    if (Is(info.type, kEncryptedData)) {
      spent = SpendForEncrypted(info.content, budget);
    } else if (Is(info.type, kData)) {
      spent = SpendForBags(NextOctets(info.content), budget);
    }
    if (!spent) return spent;
  }
  return {};
}

void FreeCertificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }

Error Explain(const std::string& password) {
  const uint32_t error = ERR_peek_error();
  const bool pkcs8 = ERR_GET_LIB(error) == ERR_LIB_PKCS8;
  const int reason = pkcs8 ? ERR_GET_REASON(error) : 0;
  std::string text = kDamaged;
  if (reason == PKCS8_R_INCORRECT_PASSWORD || ERR_GET_LIB(error) == ERR_LIB_CIPHER)
    text = password.empty() ? "the file is encrypted; its password is needed" : "wrong password";
  if (reason == PKCS8_R_MULTIPLE_PRIVATE_KEYS_IN_PKCS12)
    text = "the file has more than one private key";
  if (reason == PKCS8_R_MISSING_MAC)
    text = "the file has no checksum (MAC), which is not supported; export it again with one";
  if (reason == PKCS8_R_BAD_PKCS12_VERSION || reason == PKCS8_R_BAD_PKCS12_DATA) text = kNotPkcs12;
  return {Code::kInvalidArgument, text, {}};
}

}  // namespace

Result<> PrepareLibrary() {
  std::array<uint8_t, 1> random{};
  RAND_bytes(random.data(), random.size());
  return {};
}

Result<FileContent> ReadPkcs12(std::span<const uint8_t> file, const std::string& password) {
  DerivationBudget budget;
  if (auto spent = SpendFor(file, budget); !spent) return tl::make_unexpected(spent.error());
  const Owned<STACK_OF(X509), FreeCertificates> certificates(sk_X509_new_null());
  EVP_PKEY* key = nullptr;
  CBS bytes;
  CBS_init(&bytes, file.data(), file.size());
  bool opened = PKCS12_get_key_and_certs(&key, certificates.get(), &bytes, password.c_str()) == 1;
  if (!opened && password.empty()) {
    CBS_init(&bytes, file.data(), file.size());
    opened = PKCS12_get_key_and_certs(&key, certificates.get(), &bytes, nullptr) == 1;
  }
  if (!opened) return tl::make_unexpected(Explain(password));
  FileContent content;
  if (key != nullptr) content.keys.emplace_back(key);
  while (X509* certificate = sk_X509_shift(certificates.get()))
    content.certificates.emplace_back(certificate);
  return content;
}

}  // namespace aloha::keys
