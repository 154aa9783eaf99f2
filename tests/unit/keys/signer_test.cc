#include "workers/keys/signer.h"

#include <gtest/gtest.h>

#include "tests/unit/keys/messages.h"

namespace aloha::keys {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class SignerTest : public testing::Test {
 protected:
  SignerTest() {
    auto table = std::make_shared<KeyTable>();
    table->keys[rsa_->key.hash()] = {rsa_, true};
    table->keys[ecdsa_->key.hash()] = {ecdsa_, true};
    table->keys[idle_->key.hash()] = {idle_, false};
    table->max_signatures_per_second = 5;
    signer_.Use(table);
  }

  static std::shared_ptr<HeldKey> Make(worker::v1::KeyType type) {
    return std::make_shared<HeldKey>(std::move(*PrivateKey::Generate(type)));
  }

  static handoff::v1::SignRequest Request(const HeldKey& held, uint32_t scheme,
                                          const std::string& message) {
    handoff::v1::SignRequest request;
    request.set_id(7);
    request.set_key(held.key.hash().data(), held.key.hash().size());
    request.set_scheme(scheme);
    request.set_message(message);
    return request;
  }

  std::string Reason(const handoff::v1::SignRequest& request, int64_t now = kSecond) {
    const auto response = signer_.Answer(request, now);
    EXPECT_EQ(response.id(), request.id());
    EXPECT_EQ(response.signature().empty(), !response.reason().empty());
    return response.reason();
  }

  Log log_{{.program = "test", .level = LogLevel::kAccess}};
  Signer signer_{log_};
  std::shared_ptr<HeldKey> rsa_ = Make(worker::v1::KEY_TYPE_RSA_2048);
  std::shared_ptr<HeldKey> ecdsa_ = Make(worker::v1::KEY_TYPE_ECDSA_P256);
  std::shared_ptr<HeldKey> idle_ = Make(worker::v1::KEY_TYPE_ECDSA_P256);
};

TEST_F(SignerTest, SignsAndCounts) {
  EXPECT_EQ(Reason(Request(*rsa_, 0x0804, CertificateVerify())), "");
  EXPECT_EQ(Reason(Request(*rsa_, 0x0401, ServerKeyExchange())), "");
  EXPECT_EQ(Reason(Request(*ecdsa_, 0x0403, CertificateVerify())), "");
  EXPECT_EQ(rsa_->signatures, 2U);
  EXPECT_EQ(ecdsa_->signatures, 1U);
  EXPECT_EQ(rsa_->refused, 0U);
  EXPECT_EQ(signer_.malformed(), 0U);
}

TEST_F(SignerTest, IsNoOracle) {
  const std::string certificate = "\x30\x82\x02\x10" + std::string(600, 'x');
  EXPECT_TRUE(Reason(Request(*rsa_, 0x0401, certificate)).starts_with("not a TLS signature"));
  EXPECT_TRUE(Reason(Request(*rsa_, 0x0401, CertificateVerify()))
                  .starts_with("the scheme is not one of TLS 1.3"));
  EXPECT_TRUE(Reason(Request(*ecdsa_, 0x0804, CertificateVerify()))
                  .starts_with("the scheme does not fit the key"));
  EXPECT_EQ(rsa_->signatures + ecdsa_->signatures, 0U);
  EXPECT_EQ(rsa_->refused, 2U);
  EXPECT_EQ(ecdsa_->refused, 1U);
  EXPECT_EQ(signer_.malformed(), 1U);
}

TEST_F(SignerTest, KnowsOnlyItsKeys) {
  auto request = Request(*rsa_, 0x0804, CertificateVerify());
  for (const std::string& key : {std::string(), std::string(31, 'x'), std::string(32, 'x')}) {
    request.set_key(key);
    EXPECT_EQ(Reason(request), "no such key");
  }
}

TEST_F(SignerTest, AKeyThatTheSnapshotDoesNotNameDoesNotSign) {
  EXPECT_TRUE(
      Reason(Request(*idle_, 0x0403, CertificateVerify())).starts_with("the key may not sign"));
  EXPECT_EQ(idle_->refused, 1U);
}

TEST_F(SignerTest, BoundsTheRateOfEachKey) {
  const auto request = Request(*ecdsa_, 0x0403, CertificateVerify());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Reason(request), "") << i;
  EXPECT_TRUE(Reason(request).starts_with("rate limit"));
  EXPECT_EQ(Reason(Request(*rsa_, 0x0804, CertificateVerify())), "") << "another key";
  EXPECT_EQ(Reason(request, kSecond + kSecond / 5), "") << "a fifth of a second later";
  EXPECT_TRUE(Reason(request, kSecond + kSecond / 5).starts_with("rate limit"));
  EXPECT_EQ(Reason(request, 3 * kSecond), "");
}

TEST(RateGate, WithoutARateEverythingPasses) {
  RateGate gate;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(gate.Pass(0, 1));
}

TEST(RateGate, LetsTheRateThroughInEverySecond) {
  RateGate gate;
  int passed = 0;
  for (int64_t now = kSecond; now < 11 * kSecond; now += kSecond / 1000)
    passed += gate.Pass(50, now);
  // The burst of the first second, then the even flow.
  EXPECT_GE(passed, 540);
  EXPECT_LE(passed, 550);
}

}  // namespace
}  // namespace aloha::keys
