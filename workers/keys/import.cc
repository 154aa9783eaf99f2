#include "workers/keys/import.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "workers/keys/certificate.h"
#include "workers/keys/file_content.h"

namespace aloha::keys {
namespace {

constexpr size_t kMaxCertificateBytes = 1024 * 1024;

std::string Date(int64_t seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

// What does not keep a certificate from being used, but whoever uses it should know.
std::vector<std::string> Warnings(const Chain& chain, const worker::v1::CertificateDetails& details,
                                  int64_t now_s) {
  std::vector<std::string> out;
  if (details.not_after_s() < now_s)
    out.push_back("the certificate expired on " + Date(details.not_after_s()));
  if (details.not_before_s() > now_s)
    out.push_back("the certificate is valid from " + Date(details.not_before_s()) + " on");
  if (details.names_size() == 0)
    out.push_back("the certificate names no host (subject alternative name); clients refuse it");
  if (details.self_signed())
    out.push_back("the certificate is signed by itself; clients do not trust it");
  else if (chain.certificates.size() == 1)
    out.push_back(
        fmt::format("the chain does not reach a root: the certificate of its issuer ({}) is not in "
                    "the file; some clients will not trust it",
                    details.issuer()));
  for (size_t i = 0; i < chain.certificates.size(); ++i) {
    const auto said = Describe(*chain.certificates[i]);
    // Nobody looks at the signature of a root.
    if (HasWeakSignature(*chain.certificates[i]) && !said.self_signed())
      out.push_back(fmt::format("{} is signed with MD5 or SHA-1; clients refuse it",
                                i == 0 ? "the certificate" : "a certificate of the chain"));
    if (i > 0 && said.not_after_s() < now_s)
      out.push_back(fmt::format("a certificate of the chain ({}) expired on {}", said.common_name(),
                                Date(said.not_after_s())));
  }
  return out;
}

// The one key of the file; the same one may stand there more than once.
Result<PrivateKey> TakeKey(std::vector<EvpKey>& keys) {
  if (keys.empty()) return Fail(Code::kInvalidArgument, "the file has no private key");
  const std::string public_key = PublicKeyDer(*keys.front());
  for (const EvpKey& key : keys) {
    if (PublicKeyDer(*key) != public_key)
      return Fail(Code::kInvalidArgument, "the file has more than one private key");
  }
  return PrivateKey::Adopt(std::move(keys.front()));
}

}  // namespace

Result<ImportedKey> ImportFile(std::span<const uint8_t> file, const std::string& password,
                               int64_t now_s) {
  Result<FileContent> content = ReadFileContent(file, password);
  if (!content) return tl::make_unexpected(content.error());
  Result<PrivateKey> key = TakeKey(content->keys);
  if (!key) return tl::make_unexpected(key.error());
  if (content->certificates.empty())
    return Fail(Code::kInvalidArgument, "the file has no certificate");
  const std::optional<Chain> chain = MakeChain(std::move(content->certificates), *key);
  if (!chain) return Fail(Code::kInvalidArgument, "the private key does not fit the certificate");
  worker::v1::ImportKeyResponse response;
  response.set_key(key->hash().data(), key->hash().size());
  for (const Certificate& certificate : chain->certificates)
    response.add_chain(ToDer(*certificate));
  *response.mutable_details() = Describe(*chain->certificates.front());
  for (std::string& warning : Warnings(*chain, response.details(), now_s))
    response.add_warnings(std::move(warning));
  return ImportedKey{std::move(*key), std::move(response)};
}

Result<worker::v1::ReadCertificatesResponse> ReadCertificates(std::span<const uint8_t> file) {
  if (file.size() > kMaxCertificateBytes)
    return Fail(Code::kInvalidArgument, "the file is larger than 1 MiB");
  std::vector<Certificate> certificates;
  if (IsPem(file)) {
    Result<std::vector<Certificate>> read = ReadPemCertificates(file);
    if (!read) return tl::make_unexpected(read.error());
    certificates = std::move(*read);
  } else if (Certificate one = ParseCertificate(file)) {
    certificates.push_back(std::move(one));
  }
  if (certificates.empty()) return Fail(Code::kInvalidArgument, "the file has no certificate");
  worker::v1::ReadCertificatesResponse response;
  for (const Certificate& certificate : certificates) {
    worker::v1::ReadCertificate* out = response.add_certificates();
    out->set_der(ToDer(*certificate));
    *out->mutable_details() = Describe(*certificate);
  }
  return response;
}

}  // namespace aloha::keys
