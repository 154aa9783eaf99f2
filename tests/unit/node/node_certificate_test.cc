#include "workers/node/node_certificate.h"

#include <gtest/gtest.h>
#include <sodium.h>

namespace aloha::node {
namespace {

constexpr int64_t kNow = 1'700'000'000;

class NodeCertificateTest : public testing::Test {
 protected:
  NodeCertificateTest() {
    EXPECT_GE(sodium_init(), 0);
    crypto_sign_keypair(certificate_.node_key.data(), secret_.data());
    randombytes_buf(certificate_.tls_key.data(), certificate_.tls_key.size());
    certificate_.tls_key[0] = 4;
    randombytes_buf(certificate_.serial.data(), certificate_.serial.size());
    certificate_.serial[0] = 0x41;
    certificate_.not_before_s = kNow - 3600;
    certificate_.not_after_s = kNow + 86400;
  }

  Signature Sign(const std::string& text) const {
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const uint8_t*>(text.data()),
                         text.size(), secret_.data());
    return signature;
  }
  std::string Encode() const {
    return EncodeSigned(certificate_, Sign(EncodeUnsigned(certificate_)));
  }

  NodeCertificate certificate_;
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> secret_{};
};

TEST_F(NodeCertificateTest, IsReadAsItWasWritten) {
  const auto read = ReadNodeCertificate(Encode());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->node_key, certificate_.node_key);
  EXPECT_EQ(read->tls_key, certificate_.tls_key);
  EXPECT_EQ(read->serial, certificate_.serial);
  EXPECT_EQ(read->not_before_s, certificate_.not_before_s);
  EXPECT_EQ(read->not_after_s, certificate_.not_after_s);
}

TEST_F(NodeCertificateTest, NoByteMayChange) {
  const std::string der = Encode();
  for (size_t i = 0; i < der.size(); ++i) {
    for (const char flip : {'\x01', '\x20', '\x80'}) {
      std::string changed = der;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      EXPECT_FALSE(ReadNodeCertificate(changed)) << i;
    }
  }
  EXPECT_FALSE(ReadNodeCertificate(""));
  EXPECT_FALSE(ReadNodeCertificate(der.substr(1)));
  EXPECT_FALSE(ReadNodeCertificate(der + '\0'));
}

TEST_F(NodeCertificateTest, IsMadeByTheNodeThatItNames) {
  NodeCertificate other = certificate_;
  crypto_sign_keypair(other.node_key.data(), std::array<uint8_t, 64>().data());
  const auto read = ReadNodeCertificate(EncodeSigned(other, Sign(EncodeUnsigned(other))));
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("not made by the node"), std::string::npos);
}

TEST_F(NodeCertificateTest, IsValidForItsTime) {
  EXPECT_TRUE(CheckTimes(certificate_, kNow));
  const auto early = CheckTimes(certificate_, kNow - 7200);
  const auto late = CheckTimes(certificate_, kNow + 90000);
  ASSERT_FALSE(early);
  ASSERT_FALSE(late);
  EXPECT_EQ(early.error().message,
            "the other node's certificate is valid from 2023-11-14 21:13 UTC on, and it is "
            "2023-11-14 20:13 UTC here: one of the two clocks is wrong");
  EXPECT_NE(late.error().message.find("ended at 2023-11-15 22:13 UTC"), std::string::npos);
}

TEST_F(NodeCertificateTest, TimesKeepTheirMeaningUntil2049) {
  for (const int64_t time : {946'684'800L, 1'709'164'800L, 2'524'607'999L}) {
    certificate_.not_before_s = time;
    certificate_.not_after_s = time;
    const auto read = ReadNodeCertificate(Encode());
    ASSERT_TRUE(read) << time;
    EXPECT_EQ(read->not_before_s, time);
    EXPECT_EQ(read->not_after_s, time);
  }
}

TEST(Fingerprint, FollowsFromTheKey) {
  EXPECT_EQ(Fingerprint(NodeKey{}), "66687aadf862bd776c8fc18b8e9f8e20");
  EXPECT_FALSE(ToNodeKey("short"));
  EXPECT_TRUE(ToNodeKey(std::string(32, 'x')));
}

}  // namespace
}  // namespace aloha::node
