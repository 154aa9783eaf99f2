#include "workers/keys/transfer.h"

#include <algorithm>
#include <array>

namespace aloha::keys {
namespace {

// Version 1 of the form.
constexpr std::array<uint8_t, 7> kMark = {'A', 'L', 'O', 'H', 'A', '>', 1};
constexpr size_t kHeader = kMark.size() + 1;

}  // namespace

SecretBytes WrapSecret(Purpose purpose, std::span<const uint8_t> secret) {
  SecretBytes wrapped;
  wrapped.reserve(kHeader + secret.size());
  wrapped.insert(wrapped.end(), kMark.begin(), kMark.end());
  wrapped.push_back(static_cast<uint8_t>(purpose));
  wrapped.insert(wrapped.end(), secret.begin(), secret.end());
  return wrapped;
}

Result<std::span<const uint8_t>> UnwrapSecret(Purpose purpose, std::span<const uint8_t> wrapped) {
  if (wrapped.size() < kHeader || !std::equal(kMark.begin(), kMark.end(), wrapped.begin()))
    return Fail(Code::kPermissionDenied, "what was sealed is not of this form; upgrade both nodes");
  if (wrapped[kMark.size()] != static_cast<uint8_t>(purpose))
    return Fail(Code::kPermissionDenied, "what was sealed is for something else");
  return wrapped.subspan(kHeader);
}

Result<SecretBytes> WrapKey(const PrivateKey& key) {
  const Result<SecretBytes> der = key.ToPkcs8();
  if (!der) return tl::make_unexpected(der.error());
  return WrapSecret(Purpose::kPrivateKey, *der);
}

Result<PrivateKey> UnwrapKey(std::span<const uint8_t> wrapped) {
  const auto der = UnwrapSecret(Purpose::kPrivateKey, wrapped);
  if (!der) return tl::make_unexpected(der.error());
  Result<PrivateKey> key = PrivateKey::FromPkcs8(*der);
  if (!key) return Fail(Code::kPermissionDenied, key.error().message);
  return key;
}

}  // namespace aloha::keys
