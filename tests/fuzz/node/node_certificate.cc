// The certificate that another node, or a stranger, shows to aloha-gateway. A signature cannot be
// guessed, so each input is tried a second time, signed.
#include "workers/node/node_certificate.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

namespace aloha::node {
namespace {

struct Signer {
  Signer() {
    if (sodium_init() < 0) abort();
    const std::array<uint8_t, crypto_sign_SEEDBYTES> seed{};
    crypto_sign_seed_keypair(key.data(), secret.data(), seed.data());
  }

  NodeKey key{};
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
};

// What is read is what would be written, byte for byte.
void Check(std::string_view der) {
  const auto read = ReadNodeCertificate(der);
  if (!read) return;
  Signature signature{};
  std::copy(der.end() - static_cast<ptrdiff_t>(signature.size()), der.end(), signature.begin());
  if (EncodeSigned(*read, signature) != der) abort();
  (void)CheckTimes(*read, 0);
}

}  // namespace
}  // namespace aloha::node

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::node;
  static const Signer signer;
  std::string der(reinterpret_cast<const char*>(data), size);
  Check(der);
  const std::string reference = EncodeUnsigned({});
  const std::string digits = Hex(signer.key);
  // Header before, algorithm, header and signature behind; the issuer's name is at a fixed place.
  constexpr size_t kBefore = 4, kBehind = 74;
  const size_t issuer = kBefore + reference.find(Hex(NodeKey{}));
  if (size != reference.size() + kBefore + kBehind) return 0;
  std::copy(digits.begin(), digits.end(), der.begin() + static_cast<ptrdiff_t>(issuer));
  crypto_sign_detached(reinterpret_cast<uint8_t*>(der.data() + size - 64), nullptr,
                       reinterpret_cast<const uint8_t*>(der.data() + kBefore), reference.size(),
                       signer.secret.data());
  Check(der);
  return 0;
}
