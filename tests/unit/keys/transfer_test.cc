#include "workers/keys/transfer.h"

#include <gtest/gtest.h>

#include <string_view>

namespace aloha::keys {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(TransferTest, APrivateKeyArrives) {
  for (const auto type : {worker::v1::KEY_TYPE_ECDSA_P256, worker::v1::KEY_TYPE_RSA_2048}) {
    const auto key = PrivateKey::Generate(type);
    ASSERT_TRUE(key);
    const auto wrapped = WrapKey(*key);
    ASSERT_TRUE(wrapped);
    const auto arrived = UnwrapKey(*wrapped);
    ASSERT_TRUE(arrived);
    EXPECT_EQ(arrived->hash(), key->hash());
  }
}

TEST(TransferTest, NothingIsTakenForSomethingElse) {
  const auto key = PrivateKey::Generate(worker::v1::KEY_TYPE_ECDSA_P256);
  ASSERT_TRUE(key);
  const auto wrapped = WrapKey(*key);
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(UnwrapSecret(Purpose::kSupervisorSecret, *wrapped).error().code,
            Code::kPermissionDenied);
  const SecretBytes secret = WrapSecret(Purpose::kSupervisorSecret, Bytes("ticket keys"));
  EXPECT_EQ(UnwrapKey(secret).error().code, Code::kPermissionDenied);
  const auto opened = UnwrapSecret(Purpose::kSupervisorSecret, secret);
  ASSERT_TRUE(opened);
  EXPECT_EQ(std::string(opened->begin(), opened->end()), "ticket keys");
}

TEST(TransferTest, RefusesWhatIsNeither) {
  for (const std::string_view bytes : {"", "ALOHA>", "ALOHA>\x01", "ALOHA>\x02\x01", "something"}) {
    EXPECT_FALSE(UnwrapKey(Bytes(bytes)));
    EXPECT_FALSE(UnwrapSecret(Purpose::kSupervisorSecret, Bytes(bytes)));
  }
  EXPECT_EQ(UnwrapKey(WrapSecret(Purpose::kPrivateKey, Bytes("no key"))).error().code,
            Code::kPermissionDenied);
}

}  // namespace
}  // namespace aloha::keys
