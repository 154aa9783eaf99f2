#include "supervisor/licenses/issuer_keys.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <filesystem>

#include "supervisor/config/file.h"
#include "supervisor/config/utf8.h"

namespace aloha::supervisor {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----\n";
constexpr std::string_view kEnd = "\n-----END PUBLIC KEY-----\n";
constexpr std::string_view kExtension = ".pem";
// The DER of every Ed25519 public key begins so; the key is the rest.
constexpr std::array<unsigned char, 12> kPrefix = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr size_t kMaxKeyFile = 4096;
constexpr size_t kMostKeys = 32;

}  // namespace

Result<std::array<unsigned char, 32>> ParsePublicKey(std::string_view pem) {
  const auto refuse = [] {
    return Fail(Code::kInvalidArgument, "is no Ed25519 public key in PEM and nothing else");
  };
  if (!pem.starts_with(kBegin) || !pem.ends_with(kEnd)) return refuse();
  if (pem.size() < kBegin.size() + kEnd.size()) return refuse();
  const std::string_view text = pem.substr(kBegin.size(), pem.size() - kBegin.size() - kEnd.size());
  std::array<unsigned char, kPrefix.size() + 32> der{};
  size_t size = 0;
  if (sodium_base642bin(der.data(), der.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0 ||
      size != der.size() || !std::equal(kPrefix.begin(), kPrefix.end(), der.begin())) {
    return refuse();
  }
  std::array<unsigned char, 32> key{};
  std::copy(der.begin() + kPrefix.size(), der.end(), key.begin());
  return key;
}

std::vector<IssuerKey> LoadIssuerKeys(const std::string& folder,
                                      std::vector<std::string>& troubles) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator one(folder, error), end; !error && one != end;
       one.increment(error)) {
    if (one->path().extension() == kExtension) paths.push_back(one->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    troubles.push_back(fmt::format("cannot read {}: {}", folder, error.message()));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<IssuerKey> keys;
  for (const auto& path : paths) {
    const std::string name = path.stem().string();
    if (!IsPlainText(name)) continue;
    const auto pem = ReadTextFile(path.string(), kMaxKeyFile);
    if (!pem) {
      troubles.push_back(pem.error().message);
      continue;
    }
    if (const auto key = ParsePublicKey(*pem); !key) {
      troubles.push_back(fmt::format("{} {}", path.string(), key.error().message));
    } else if (keys.size() == kMostKeys) {
      troubles.push_back(
          fmt::format("{} is left out: at most {} keys are read", path.string(), kMostKeys));
    } else {
      keys.push_back({name, *key});
    }
  }
  return keys;
}

const IssuerKey* FindIssuer(const std::vector<IssuerKey>& keys, const SignedLicense& license) {
  for (const IssuerKey& one : keys) {
    if (crypto_sign_verify_detached(
            reinterpret_cast<const unsigned char*>(license.signature.data()),
            reinterpret_cast<const unsigned char*>(license.text.data()), license.text.size(),
            one.key.data()) == 0) {
      return &one;
    }
  }
  return nullptr;
}

}  // namespace aloha::supervisor
