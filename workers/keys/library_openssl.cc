// OpenSSL 3.
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <array>

#include "workers/keys/ber.h"
#include "workers/keys/derivation_budget.h"
#include "workers/keys/library.h"
#include "workers/keys/owned.h"

namespace aloha::keys {
namespace {

constexpr const char* kDamaged = "the file is damaged";
constexpr const char* kWrongPassword = "wrong password";
constexpr const char* kNotPkcs12 = "the file is neither PKCS#12 (.pfx, .p12) nor PEM";
constexpr int kMaxNesting = 4;

void FreeContents(STACK_OF(PKCS7) * contents) { sk_PKCS7_pop_free(contents, PKCS7_free); }
void FreeBags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
using Bags = Owned<STACK_OF(PKCS12_SAFEBAG), FreeBags>;
using Provider = Owned<OSSL_PROVIDER, OSSL_PROVIDER_unload>;
using Pkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

// Takes a file apart step by step, so that each step's work is bounded before it is done.
class Pkcs12Reader {
 public:
  explicit Pkcs12Reader(const std::string& password) : password_(password.c_str()) {}

  Result<FileContent> Read(std::span<const uint8_t> file);

 private:
  Result<> CheckMac(PKCS12* file);
  Result<> ReadPart(PKCS7* part);
  Result<> ReadBags(const STACK_OF(PKCS12_SAFEBAG) * bags, int nesting);
  Result<> ReadBag(const PKCS12_SAFEBAG* bag, int nesting);
  Result<> AddKey(const PKCS8_PRIV_KEY_INFO* info);
  Result<> Spend(const X509_ALGOR* algorithm);

  const char* password_;  // null: none, which is not the same as an empty one
  bool authentic_ = false;
  DerivationBudget budget_;
  FileContent content_;
};

Result<FileContent> Pkcs12Reader::Read(std::span<const uint8_t> bytes) {
  const uint8_t* end = bytes.data();
  const Owned<PKCS12, PKCS12_free> file(d2i_PKCS12(nullptr, &end, static_cast<long>(bytes.size())));
  if (!file) return Fail(Code::kInvalidArgument, kNotPkcs12);
  if (auto done = CheckMac(file.get()); !done) return tl::make_unexpected(done.error());
  const Owned<STACK_OF(PKCS7), FreeContents> parts(PKCS12_unpack_authsafes(file.get()));
  if (!parts) return Fail(Code::kInvalidArgument, kDamaged);
  for (int i = 0; i < sk_PKCS7_num(parts.get()); ++i) {
    if (auto done = ReadPart(sk_PKCS7_value(parts.get(), i)); !done)
      return tl::make_unexpected(done.error());
  }
  return std::move(content_);
}

Result<> Pkcs12Reader::CheckMac(PKCS12* file) {
  if (PKCS12_mac_present(file) != 1) return {};
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, file);
  uint64_t count = 1;
  if (iterations != nullptr && ASN1_INTEGER_get_uint64(&count, iterations) != 1) count = UINT64_MAX;
  if (auto spent = budget_.Spend(count); !spent) return spent;
  authentic_ = PKCS12_verify_mac(file, password_, -1) == 1;
  if (!authentic_ && *password_ == '\0') {
    password_ = nullptr;
    if (auto spent = budget_.Spend(count); !spent) return spent;
    authentic_ = PKCS12_verify_mac(file, nullptr, 0) == 1;
    if (!authentic_)
      return Fail(Code::kInvalidArgument, "the file is encrypted; its password is needed");
  }
  if (!authentic_) return Fail(Code::kInvalidArgument, kWrongPassword);
  return {};
}

Result<> Pkcs12Reader::ReadPart(PKCS7* part) {
  Bags bags;
  if (PKCS7_type_is_data(part)) {
    bags.reset(PKCS12_unpack_p7data(part));
  } else if (PKCS7_type_is_encrypted(part)) {
    const PKCS7_ENCRYPT* encrypted = part->d.encrypted;
    if (encrypted == nullptr || encrypted->enc_data == nullptr)
      return Fail(Code::kInvalidArgument, kDamaged);
    if (auto spent = Spend(encrypted->enc_data->algorithm); !spent) return spent;
    bags.reset(PKCS12_unpack_p7encdata(part, password_, -1));
    if (!bags && !authentic_) return Fail(Code::kInvalidArgument, kWrongPassword);
  } else {
    return Fail(Code::kInvalidArgument,
                "the file is encrypted for a public key, which is not "
                "supported; export it with a password");
  }
  if (!bags) return Fail(Code::kInvalidArgument, kDamaged);
  return ReadBags(bags.get(), 0);
}

Result<> Pkcs12Reader::ReadBags(const STACK_OF(PKCS12_SAFEBAG) * bags, int nesting) {
  if (nesting > kMaxNesting) return Fail(Code::kInvalidArgument, kDamaged);
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
    if (content_.keys.size() + content_.certificates.size() >= kMaxFileItems)
      return Fail(Code::kInvalidArgument, "the file has too many certificates");
    if (auto done = ReadBag(sk_PKCS12_SAFEBAG_value(bags, i), nesting); !done) return done;
  }
  return {};
}

Result<> Pkcs12Reader::ReadBag(const PKCS12_SAFEBAG* bag, int nesting) {
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag:
      return AddKey(PKCS12_SAFEBAG_get0_p8inf(bag));
    case NID_pkcs8ShroudedKeyBag: {
      const X509_ALGOR* algorithm = nullptr;
      const ASN1_OCTET_STRING* data = nullptr;
      X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, &data);
      if (auto spent = Spend(algorithm); !spent) return spent;
      const Pkcs8 info(PKCS12_decrypt_skey(bag, password_, -1));
      if (!info) return Fail(Code::kInvalidArgument, authentic_ ? kDamaged : kWrongPassword);
      return AddKey(info.get());
    }
    case NID_certBag: {
      if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return {};
      Certificate certificate(PKCS12_SAFEBAG_get1_cert(bag));
      if (!certificate) return Fail(Code::kInvalidArgument, "a certificate in the file is damaged");
      content_.certificates.push_back(std::move(certificate));
      return {};
    }
    case NID_safeContentsBag:
      return ReadBags(PKCS12_SAFEBAG_get0_safes(bag), nesting + 1);
    default:
      return {};
  }
}

Result<> Pkcs12Reader::AddKey(const PKCS8_PRIV_KEY_INFO* info) {
  EvpKey key(info != nullptr ? EVP_PKCS82PKEY(info) : nullptr);
  if (!key)
    return Fail(Code::kInvalidArgument,
                "the private key is damaged, or of a kind that is not "
                "supported");
  content_.keys.push_back(std::move(key));
  return {};
}

Result<> Pkcs12Reader::Spend(const X509_ALGOR* algorithm) {
  uint8_t* der = nullptr;
  const int length = algorithm != nullptr ? i2d_X509_ALGOR(algorithm, &der) : 0;
  if (length <= 0) return Fail(Code::kInvalidArgument, kDamaged);
  const OwnedBytes owned(der);
  const auto sequence = BerReader({der, static_cast<size_t>(length)}).Next(BerReader::kSequence);
  if (!sequence) return Fail(Code::kInvalidArgument, kDamaged);
  return budget_.SpendFor(sequence->content);
}

}  // namespace

Result<> PrepareLibrary() {
  // No configuration file: what this process does does not depend on one.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
                          nullptr) != 1)
    return Fail(Code::kInternal, "OpenSSL does not start");
  // Once one provider is named, the default one must be as well. The legacy one, a file, has RC2.
  // They stay until the end of the process.
  static const Provider providers[] = {Provider(OSSL_PROVIDER_load(nullptr, "default")),
                                       Provider(OSSL_PROVIDER_load(nullptr, "legacy"))};
  if (!providers[0] || !providers[1]) {
    ERR_clear_error();
    return Fail(Code::kFailedPrecondition,
                "OpenSSL's legacy provider is missing (Debian: libssl3 has it)");
  }
  std::array<uint8_t, 1> random{};
  RAND_bytes(random.data(), random.size());
  return {};
}

Result<FileContent> ReadPkcs12(std::span<const uint8_t> file, const std::string& password) {
  return Pkcs12Reader(password).Read(file);
}

}  // namespace aloha::keys
