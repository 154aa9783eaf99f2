#include "workers/keys/container.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace aloha::keys {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'A', 'L', 'O', 'H', 'A', 'K', 'E', 'Y'};
constexpr uint8_t kVersion = 1;
constexpr size_t kClearHeader = 12, kSaltAt = 12, kOperationsAt = 28, kMemoryAt = 32, kNonceAt = 36,
                 kEncryptedHeader = 60;
constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

void PutNumber(uint8_t* out, uint32_t number) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
}

uint32_t GetNumber(const uint8_t* in) {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | in[i];
  return number;
}

SecretBytes ClearHeader(Content content, bool encrypted) {
  SecretBytes file(kMagic.begin(), kMagic.end());
  file.insert(file.end(), {kVersion, static_cast<uint8_t>(content), uint8_t{encrypted}, 0});
  return file;
}

Result<OpenedContainer> Decrypt(std::span<const uint8_t> file, Passphrase& passphrase) {
  if (file.size() < kEncryptedHeader + kTag) return Fail(Code::kInvalidArgument, "it is cut off");
  if (passphrase.empty())
    return Fail(Code::kPermissionDenied, "it is encrypted, and there is no passphrase");
  KeyDerivation derivation;
  std::copy_n(file.begin() + kSaltAt, derivation.salt.size(), derivation.salt.begin());
  derivation.operations = GetNumber(file.data() + kOperationsAt);
  derivation.memory_kib = GetNumber(file.data() + kMemoryAt);
  const Result<const SecretBytes*> key = passphrase.Derive(derivation);
  if (!key) return tl::make_unexpected(key.error());
  OpenedContainer opened{SecretBytes(file.size() - kEncryptedHeader - kTag), true};
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          opened.secret.data(), nullptr, nullptr, file.data() + kEncryptedHeader,
          file.size() - kEncryptedHeader, file.data(), kEncryptedHeader, file.data() + kNonceAt,
          (*key)->data()) != 0)
    return Fail(Code::kPermissionDenied, "the passphrase does not open it");
  return opened;
}

}  // namespace

Result<SecretBytes> WriteContainer(Content content, std::span<const uint8_t> secret,
                                   Passphrase& passphrase) {
  SecretBytes file = ClearHeader(content, !passphrase.empty());
  if (passphrase.empty()) {
    file.insert(file.end(), secret.begin(), secret.end());
    return file;
  }
  const KeyDerivation derivation = passphrase.ForWriting();
  const Result<const SecretBytes*> key = passphrase.Derive(derivation);
  if (!key) return tl::make_unexpected(key.error());
  file.resize(kEncryptedHeader + secret.size() + kTag);
  std::copy(derivation.salt.begin(), derivation.salt.end(), file.begin() + kSaltAt);
  PutNumber(file.data() + kOperationsAt, derivation.operations);
  PutNumber(file.data() + kMemoryAt, derivation.memory_kib);
  randombytes_buf(file.data() + kNonceAt, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(file.data() + kEncryptedHeader, nullptr, secret.data(),
                                             secret.size(), file.data(), kEncryptedHeader, nullptr,
                                             file.data() + kNonceAt, (*key)->data());
  return file;
}

Result<OpenedContainer> ReadContainer(Content content, std::span<const uint8_t> file,
                                      Passphrase& passphrase) {
  if (file.size() < kClearHeader || !std::equal(kMagic.begin(), kMagic.end(), file.begin()))
    return Fail(Code::kInvalidArgument, "it is not a file of aloha-keys");
  if (file[8] != kVersion || file[10] > 1 || file[11] != 0)
    return Fail(Code::kInvalidArgument, "it was written by another version of aloha-keys");
  if (file[9] != static_cast<uint8_t>(content))
    return Fail(Code::kInvalidArgument, "it holds something else");
  if (file[10] == 1) return Decrypt(file, passphrase);
  return OpenedContainer{SecretBytes(file.begin() + kClearHeader, file.end()), false};
}

}  // namespace aloha::keys
