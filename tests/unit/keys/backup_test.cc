#include "workers/keys/backup.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>
#include <vector>

#include "worker/v1/backup.pb.h"
#include "workers/keys/transfer.h"

namespace aloha::keys {
namespace {

constexpr char kPassphrase[] = "tin whistle parade";
constexpr char kHeader[] = "what stands in clear";

Passphrase Words(std::string_view text) {
  return Passphrase(SecretBytes(text.begin(), text.end()));
}

std::string Sealed(std::vector<const PrivateKey*> keys, std::string_view content = "content") {
  Passphrase passphrase = Words(kPassphrase);
  auto sealed = SealBackup(passphrase, kHeader, content, keys);
  EXPECT_TRUE(sealed);
  return sealed ? *sealed : "";
}

Result<OpenedBackup> Opened(std::string_view sealed, std::string_view words = kPassphrase,
                            std::string_view header = kHeader) {
  Passphrase passphrase = Words(words);
  return OpenBackup(passphrase, header, sealed);
}

std::string Text(const SecretBytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(BackupTest, ContentAndKeysComeBack) {
  const auto one = PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256);
  const auto two = PrivateKey::Generate(worker::v1::KEY_TYPE_RSA_2048);
  ASSERT_TRUE(one && two);
  const auto opened = Opened(Sealed({&*one, &*two}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(Text(opened->content), "content");
  ASSERT_EQ(opened->keys.size(), 2U);
  EXPECT_EQ(opened->keys[0].hash(), one->hash());
  EXPECT_EQ(opened->keys[1].hash(), two->hash());
}

TEST(BackupTest, NoKeyIsAnswerEnough) {
  const auto opened = Opened(Sealed({}, ""));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->content.size(), 0U);
  EXPECT_TRUE(opened->keys.empty());
}

TEST(BackupTest, NothingOfAKeyIsInClear) {
  const auto key = PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256);
  ASSERT_TRUE(key);
  const auto der = key->ToPkcs8();
  ASSERT_TRUE(der);
  const std::string sealed = Sealed({&*key}, "a secret of the supervisor's");
  const std::string secret = Text(*der);
  for (size_t at = 0; at + 16 <= secret.size(); at += 8)
    EXPECT_EQ(sealed.find(secret.substr(at, 16)), std::string::npos);
  EXPECT_EQ(sealed.find("supervisor"), std::string::npos);
}

TEST(BackupTest, AnotherPassphraseOrHeaderOpensNothing) {
  const std::string sealed = Sealed({});
  EXPECT_EQ(Opened(sealed, "tin whistle parada").error().code, Code::kPermissionDenied);
  EXPECT_EQ(Opened(sealed, kPassphrase, "another header").error().code, Code::kPermissionDenied);
}

TEST(BackupTest, WhatIsCutOffOrChangedOpensNothing) {
  const auto key = PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256);
  ASSERT_TRUE(key);
  SecretBytes secret(crypto_secretstream_xchacha20poly1305_KEYBYTES, 7);
  // The derivation of its key aside, for it takes a while each time.
  Passphrase passphrase = Words(kPassphrase);
  const std::string sealed = Sealed({&*key});
  KeyDerivation derivation;
  std::copy_n(sealed.begin() + 1, derivation.salt.size(), derivation.salt.begin());
  derivation.operations = 2;
  derivation.memory_kib = 64 * 1024;
  const auto derived = passphrase.Derive(derivation);
  ASSERT_TRUE(derived);
  const std::span stream(reinterpret_cast<const uint8_t*>(sealed.data()) + 25, sealed.size() - 25);
  ASSERT_TRUE(OpenStream(**derived, kHeader, stream));
  for (size_t length = 0; length < stream.size(); ++length)
    EXPECT_FALSE(OpenStream(**derived, kHeader, stream.first(length))) << length;
  for (size_t at = 0; at < stream.size(); ++at) {
    SecretBytes changed(stream.begin(), stream.end());
    changed[at] ^= 1;
    EXPECT_FALSE(OpenStream(**derived, kHeader, changed)) << at;
  }
  SecretBytes longer(stream.begin(), stream.end());
  longer.push_back(0);
  EXPECT_FALSE(OpenStream(**derived, kHeader, longer));
  EXPECT_FALSE(OpenStream(secret, kHeader, stream));
}

TEST(BackupTest, RefusesWhatIsNotOfTheForm) {
  for (const std::string& bytes : {std::string(), std::string(24, '\1'), std::string(200, '\0'),
                                   std::string(kMaxSealedBackup + 1, '\1')})
    EXPECT_EQ(Opened(bytes).error().code, Code::kInvalidArgument) << bytes.size();
  // It asks for a derivation that would take all memory there is.
  std::string costly = Sealed({});
  costly.replace(17, 8, 8, '\xff');
  EXPECT_EQ(Opened(costly).error().code, Code::kInvalidArgument);
  Passphrase passphrase = Words(kPassphrase);
  EXPECT_EQ(
      SealBackup(passphrase, kHeader, std::string(kMaxBackupContent + 1, 'x'), {}).error().code,
      Code::kInvalidArgument);
}

std::string Seal(const SealingKey& key, const std::string& clear) {
  const std::string to = key.public_key();
  std::string sealed(crypto_box_SEALBYTES + clear.size(), '\0');
  crypto_box_seal(reinterpret_cast<uint8_t*>(sealed.data()),
                  reinterpret_cast<const uint8_t*>(clear.data()), clear.size(),
                  reinterpret_cast<const uint8_t*>(to.data()));
  return sealed;
}

TEST(BackupTest, APassphraseIsTakenForNothingElse) {
  const SealingKey key = SealingKey::Generate();
  worker::v1::SealedPassphrase message;
  message.set_passphrase(kPassphrase);
  EXPECT_TRUE(OpenPassphrase(key, Seal(key, message.SerializeAsString())));
  // A certificate file with its password, sealed for an import.
  worker::v1::SealedImport import;
  import.set_file("a long file with a private key");
  import.set_password("a long password");
  EXPECT_FALSE(OpenPassphrase(key, Seal(key, import.SerializeAsString())));
  for (const size_t length : {0U, 11U, 1025U}) {
    message.set_passphrase(std::string(length, 'x'));
    EXPECT_EQ(OpenPassphrase(key, Seal(key, message.SerializeAsString())).error().code,
              Code::kInvalidArgument)
        << length;
  }
  EXPECT_FALSE(OpenPassphrase(key, "not sealed"));
  EXPECT_FALSE(OpenPassphrase(SealingKey::Generate(), Seal(key, message.SerializeAsString())));
}

}  // namespace
}  // namespace aloha::keys
