#include "workers/keys/private_key.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/unit/keys/messages.h"
#include "workers/keys/owned.h"

namespace aloha::keys {
namespace {

using worker::v1::KeyType;

PrivateKey Make(KeyType type) { return std::move(*PrivateKey::Generate(type)); }

// With the key's public half, by the library's own one-step verification.
bool Verifies(const PrivateKey& key, const Scheme& scheme, const std::string& message,
              const std::string& signature) {
  const EVP_MD* digest = scheme.hash == Hash::kSha1     ? EVP_sha1()
                         : scheme.hash == Hash::kSha256 ? EVP_sha256()
                         : scheme.hash == Hash::kSha384 ? EVP_sha384()
                         : scheme.hash == Hash::kSha512 ? EVP_sha512()
                                                        : EVP_md5_sha1();
  uint8_t hash[EVP_MAX_MD_SIZE];
  unsigned hash_len = 0;
  EVP_Digest(message.data(), message.size(), hash, &hash_len, digest, nullptr);
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(EVP_PKEY_CTX_new(key.get(), nullptr));
  EVP_PKEY_verify_init(context.get());
  if (scheme.padding != Padding::kNone)
    EVP_PKEY_CTX_set_rsa_padding(
        context.get(), scheme.padding == Padding::kPss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING);
  if (scheme.padding == Padding::kPss) EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), -1);
  EVP_PKEY_CTX_set_signature_md(context.get(), digest);
  return EVP_PKEY_verify(context.get(), reinterpret_cast<const uint8_t*>(signature.data()),
                         signature.size(), hash, hash_len) == 1;
}

void ExpectSigns(const PrivateKey& key, const std::vector<uint32_t>& schemes) {
  const std::string message = ServerKeyExchange();
  for (const uint32_t number : schemes) {
    const auto scheme = CheckRequest(number, message, key.kind());
    ASSERT_TRUE(scheme) << number;
    const auto signature = key.Sign(**scheme, message);
    ASSERT_TRUE(signature) << number;
    EXPECT_TRUE(Verifies(key, **scheme, message, *signature)) << number;
    EXPECT_FALSE(Verifies(key, **scheme, message + "x", *signature)) << number;
  }
}

TEST(PrivateKey, RsaSignsEverySchemeOfTls) {
  ExpectSigns(Make(worker::v1::KEY_TYPE_RSA_2048),
              {0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0xff01});
}

TEST(PrivateKey, EcdsaSignsEverySchemeOfTls) {
  ExpectSigns(Make(worker::v1::KEY_TYPE_ECDSA_P256), {0x0403, 0x0503, 0x0203});
  ExpectSigns(Make(worker::v1::KEY_TYPE_ECDSA_P384), {0x0403, 0x0503, 0x0203});
}

TEST(PrivateKey, ComesBackFromPkcs8AsTheSameKey) {
  for (const KeyType type : {worker::v1::KEY_TYPE_RSA_2048, worker::v1::KEY_TYPE_RSA_3072,
                             worker::v1::KEY_TYPE_ECDSA_P256, worker::v1::KEY_TYPE_ECDSA_P384}) {
    const PrivateKey key = Make(type);
    const auto der = key.ToPkcs8();
    ASSERT_TRUE(der);
    const auto again = PrivateKey::FromPkcs8(*der);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->hash(), key.hash());
    EXPECT_EQ(again->TypeName(), key.TypeName());
    EXPECT_EQ(again->kind(), key.kind());
  }
}

TEST(PrivateKey, NamesItsType) {
  EXPECT_EQ(Make(worker::v1::KEY_TYPE_UNSPECIFIED).TypeName(), "ECDSA P-256");
  EXPECT_EQ(Make(worker::v1::KEY_TYPE_ECDSA_P384).TypeName(), "ECDSA P-384");
  EXPECT_EQ(Make(worker::v1::KEY_TYPE_RSA_2048).TypeName(), "RSA 2048");
}

TEST(PrivateKey, RefusesTornAndChangedPkcs8) {
  const auto der = Make(worker::v1::KEY_TYPE_RSA_2048).ToPkcs8();
  ASSERT_TRUE(der);
  for (const size_t length : {size_t{0}, size_t{1}, der->size() / 2, der->size() - 1}) {
    EXPECT_FALSE(PrivateKey::FromPkcs8({der->data(), length})) << length;
  }
  SecretBytes longer = *der;
  longer.push_back(0);
  EXPECT_FALSE(PrivateKey::FromPkcs8(longer));
  // One bit of the modulus: it must not sign a single handshake.
  SecretBytes changed = *der;
  changed[100] ^= 1;
  EXPECT_FALSE(PrivateKey::FromPkcs8(changed));
}

}  // namespace
}  // namespace aloha::keys
