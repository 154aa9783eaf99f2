#include "workers/keys/file_content.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "workers/keys/ber.h"
#include "workers/keys/derivation_budget.h"
#include "workers/keys/library.h"
#include "workers/keys/owned.h"

namespace aloha::keys {
namespace {

// What the RFC 1421 encryption of either library takes.
constexpr size_t kMaxPasswordBytes = 1000;

// One block of PEM; its bytes are wiped, they may be a key.
class PemBlock {
 public:
  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() {
    if (bytes_ != nullptr) OPENSSL_cleanse(bytes_, allocated_);
    OPENSSL_free(bytes_);
    OPENSSL_free(name_);
    OPENSSL_free(header_);
  }

  // False: there is no further one.
  bool Read(BIO* from) {
    const bool found = PEM_read_bio(from, &name_, &header_, &bytes_, &length_) == 1;
    if (found) allocated_ = static_cast<size_t>(length_);
    return found;
  }
  std::string_view name() const { return name_; }
  std::span<const uint8_t> bytes() const { return {bytes_, static_cast<size_t>(length_)}; }

  // Whether the header tells of encryption. Without the right password, what is left now and then
  // looks as if it were decrypted.
  bool encrypted() const { return header_ != nullptr && *header_ != '\0'; }
  // Undoes it, if any.
  Result<> Decrypt(const std::string& password);

 private:
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* bytes_ = nullptr;
  long length_ = 0;
  size_t allocated_ = 0;
};

constexpr const char* kWrongPassword = "wrong password";
constexpr const char* kDamagedKey = "the private key is damaged";
constexpr const char* kNoPassword = "the private key is encrypted; its password is needed";

int GivePassword(char* out, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(out, text.data(), text.size());
  return static_cast<int>(text.size());
}

Result<> PemBlock::Decrypt(const std::string& password) {
  if (!encrypted()) return {};
  EVP_CIPHER_INFO cipher{};
  if (PEM_get_EVP_CIPHER_INFO(header_, &cipher) != 1)
    return Fail(Code::kInvalidArgument,
                "the private key is encrypted in a way that is not "
                "supported");
  if (cipher.cipher == nullptr) return {};
  if (password.empty()) return Fail(Code::kInvalidArgument, kNoPassword);
  if (PEM_do_header(&cipher, bytes_, &length_, GivePassword, const_cast<std::string*>(&password)) !=
      1)
    return Fail(Code::kInvalidArgument, kWrongPassword);
  return {};
}

// PKCS#1 or SEC 1.
Result<EvpKey> ReadTraditional(PemBlock& block, int type, const std::string& password) {
  if (auto done = block.Decrypt(password); !done) return tl::make_unexpected(done.error());
  const uint8_t* end = block.bytes().data();
  EvpKey key(d2i_PrivateKey(type, nullptr, &end, static_cast<long>(block.bytes().size())));
  if (!key) return Fail(Code::kInvalidArgument, block.encrypted() ? kWrongPassword : kDamagedKey);
  return key;
}

Result<EvpKey> FromPkcs8Info(PKCS8_PRIV_KEY_INFO* info) {
  EvpKey key(info != nullptr ? EVP_PKCS82PKEY(info) : nullptr);
  if (!key)
    return Fail(Code::kInvalidArgument,
                "the private key is damaged, or of a kind that is not "
                "supported");
  return key;
}

Result<EvpKey> ReadPkcs8(std::span<const uint8_t> der) {
  const uint8_t* end = der.data();
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &end, static_cast<long>(der.size())));
  return FromPkcs8Info(info.get());
}

Result<EvpKey> ReadEncryptedPkcs8(std::span<const uint8_t> der, const std::string& password,
                                  DerivationBudget& budget) {
  if (password.empty()) return Fail(Code::kInvalidArgument, kNoPassword);
  BerReader outer(der);
  const auto sequence = outer.Next(BerReader::kSequence);
  const auto algorithm =
      sequence ? BerReader(sequence->content).Next(BerReader::kSequence) : std::nullopt;
  if (!algorithm) return Fail(Code::kInvalidArgument, kDamagedKey);
  if (auto spent = budget.SpendFor(algorithm->content); !spent)
    return tl::make_unexpected(spent.error());
  const uint8_t* end = der.data();
  const Owned<X509_SIG, X509_SIG_free> encrypted(
      d2i_X509_SIG(nullptr, &end, static_cast<long>(der.size())));
  if (!encrypted) return Fail(Code::kInvalidArgument, kDamagedKey);
  const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
      PKCS8_decrypt(encrypted.get(), password.data(), static_cast<int>(password.size())));
  if (!info) return Fail(Code::kInvalidArgument, kWrongPassword);
  return FromPkcs8Info(info.get());
}

Result<EvpKey> ReadKey(PemBlock& block, const std::string& password, DerivationBudget& budget) {
  if (block.name() == "RSA PRIVATE KEY") return ReadTraditional(block, EVP_PKEY_RSA, password);
  if (block.name() == "EC PRIVATE KEY") return ReadTraditional(block, EVP_PKEY_EC, password);
  if (block.name() == "PRIVATE KEY") return ReadPkcs8(block.bytes());
  if (block.name() == "ENCRYPTED PRIVATE KEY")
    return ReadEncryptedPkcs8(block.bytes(), password, budget);
  return Fail(Code::kInvalidArgument, "the file has a private key of a kind that is not supported");
}

bool IsCertificate(const PemBlock& block) {
  return block.name() == "CERTIFICATE" || block.name() == "X509 CERTIFICATE";
}

Result<> AddCertificate(const PemBlock& block, std::vector<Certificate>& certificates) {
  Certificate certificate = ParseCertificate(block.bytes());
  if (!certificate) return Fail(Code::kInvalidArgument, "a certificate in the file is damaged");
  certificates.push_back(std::move(certificate));
  return {};
}

// Calls `use` for every block, until it fails.
template <typename Use>
Result<> ForEachBlock(std::span<const uint8_t> file, Use use) {
  constexpr std::array<uint8_t, 3> kByteOrderMark = {0xef, 0xbb, 0xbf};
  if (file.size() >= 3 && std::equal(kByteOrderMark.begin(), kByteOrderMark.end(), file.begin()))
    file = file.subspan(3);
  const Owned<BIO, BIO_free> bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  for (size_t num_blocks = 0;; ++num_blocks) {
    PemBlock block;
    if (!block.Read(bio.get())) break;
    if (num_blocks == kMaxFileItems)
      return Fail(Code::kInvalidArgument, "the file has too many certificates");
    if (auto used = use(block); !used) return used;
  }
  // Reading ends at the end of the file, or at damage.
  const auto reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  if (reason != PEM_R_NO_START_LINE)
    return Fail(Code::kInvalidArgument, "the file is damaged, or cut off");
  return {};
}

}  // namespace

bool IsPem(std::span<const uint8_t> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.find("-----BEGIN ") != std::string_view::npos;
}

Result<FileContent> ReadPem(std::span<const uint8_t> file, const std::string& password) {
  FileContent content;
  DerivationBudget budget;
  const Result<> read = ForEachBlock(file, [&](PemBlock& block) -> Result<> {
    if (IsCertificate(block)) return AddCertificate(block, content.certificates);
    if (!block.name().ends_with("PRIVATE KEY")) return {};
    Result<EvpKey> key = ReadKey(block, password, budget);
    if (!key) return tl::make_unexpected(key.error());
    content.keys.push_back(std::move(*key));
    return {};
  });
  if (!read) return tl::make_unexpected(read.error());
  return content;
}

Result<std::vector<Certificate>> ReadPemCertificates(std::span<const uint8_t> file) {
  std::vector<Certificate> certificates;
  const Result<> read = ForEachBlock(file, [&certificates](PemBlock& block) -> Result<> {
    if (!IsCertificate(block)) return {};
    return AddCertificate(block, certificates);
  });
  if (!read) return tl::make_unexpected(read.error());
  return certificates;
}

Result<FileContent> ReadFileContent(std::span<const uint8_t> file, const std::string& password) {
  if (file.empty()) return Fail(Code::kInvalidArgument, "the file is empty");
  if (file.size() > kMaxFileBytes)
    return Fail(Code::kInvalidArgument, "the file is larger than 256 KiB");
  if (password.size() > kMaxPasswordBytes || password.find('\0') != std::string::npos)
    return Fail(Code::kInvalidArgument, "the password is too long, or has a zero byte");
  ERR_clear_error();
  Result<FileContent> content = IsPem(file) ? ReadPem(file, password)
                                : ParseCertificate(file)
                                    ? Fail(Code::kInvalidArgument, "the file has no private key")
                                    : ReadPkcs12(file, password);
  ERR_clear_error();
  return content;
}

}  // namespace aloha::keys
