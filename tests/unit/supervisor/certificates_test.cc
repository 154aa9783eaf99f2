// What is told of certificates: their state, and when they expire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/admin/certificates_api.h"
#include "supervisor/certificates/expiry.h"

namespace aloha::supervisor {
namespace {

using admin::v1::Certificate;
using admin::v1::Event;

constexpr int64_t kDay = 86'400;
constexpr int64_t kNow = 1'800'000'000;

config::v1::StoredCertificate Stored(int64_t not_before_s, int64_t not_after_s) {
  config::v1::StoredCertificate stored;
  stored.set_name("mail");
  stored.set_key(std::string(32, 'k'));
  stored.add_chain("leaf");
  stored.add_chain("intermediate");
  stored.mutable_details()->set_common_name("mail.example.org");
  stored.mutable_details()->set_not_before_s(not_before_s);
  stored.mutable_details()->set_not_after_s(not_after_s);
  stored.mutable_details()->set_fingerprint("\x01\xab");
  return stored;
}

worker::v1::ListKeysResponse Keys(const std::string& key) {
  worker::v1::ListKeysResponse keys;
  keys.add_keys()->set_key(key);
  keys.mutable_keys(0)->set_signatures_total(7);
  return keys;
}

TEST(DescribeCertificateTest, TellsTheState) {
  const auto keys = Keys(std::string(32, 'k'));
  const auto state = [&](const config::v1::StoredCertificate& stored) {
    return DescribeCertificate(stored, &keys, kNow).state();
  };
  EXPECT_EQ(state(Stored(kNow - 1, kNow + 1)), Certificate::VALID);
  EXPECT_EQ(state(Stored(kNow, kNow)), Certificate::VALID);
  EXPECT_EQ(state(Stored(kNow - 2, kNow - 1)), Certificate::EXPIRED);
  EXPECT_EQ(state(Stored(kNow + 1, kNow + 2)), Certificate::NOT_YET_VALID);
  auto self_signed = Stored(kNow - 1, kNow + 1);
  self_signed.mutable_details()->set_self_signed(true);
  EXPECT_EQ(state(self_signed), Certificate::SELF_SIGNED);
}

TEST(DescribeCertificateTest, TellsWhatAlohaKeysKnows) {
  const auto stored = Stored(kNow - 1, kNow + 1);
  const auto held = Keys(stored.key()), others = Keys("other");
  EXPECT_EQ(DescribeCertificate(stored, &held, kNow).signatures_total(), 7u);
  EXPECT_EQ(DescribeCertificate(stored, &others, kNow).state(), Certificate::NO_KEY);
  EXPECT_EQ(DescribeCertificate(stored, nullptr, kNow).state(), Certificate::VALID);
}

TEST(DescribeCertificateTest, WritesBytesAsDigits) {
  const Certificate certificate = DescribeCertificate(Stored(0, 1), nullptr, kNow);
  EXPECT_EQ(certificate.fingerprint(), "01ab");
  EXPECT_EQ(certificate.chain_length(), 2u);
}

TEST(NoticeOfExpiryTest, TellsTheMostPressing) {
  const auto notice = [](int64_t left_s) { return NoticeOfExpiry(Stored(0, kNow + left_s), kNow); };
  EXPECT_FALSE(notice(30 * kDay + 1));
  EXPECT_THAT(notice(30 * kDay)->text,
              testing::StartsWith("expires within 30 days, on 2027-02-14"));
  EXPECT_EQ(notice(30 * kDay)->severity, Event::WARNING);
  EXPECT_THAT(notice(7 * kDay)->text, testing::StartsWith("expires within 7 days"));
  EXPECT_THAT(notice(kDay)->text, testing::StartsWith("expires within 1 day,"));
  EXPECT_EQ(notice(kDay)->severity, Event::ERROR);
  EXPECT_THAT(notice(0)->text, testing::StartsWith("expires within 1 day,"));
  EXPECT_THAT(notice(-1)->text, testing::StartsWith("expired on 2027-01-15 07:59 UTC"));
  EXPECT_EQ(notice(-1)->severity, Event::ERROR);
}

TEST(NoticeOfExpiryTest, SaysTheSameUntilTheNextThreshold) {
  const auto stored = Stored(0, kNow + 30 * kDay);
  EXPECT_EQ(NoticeOfExpiry(stored, kNow)->text, NoticeOfExpiry(stored, kNow + 22 * kDay)->text);
  EXPECT_NE(NoticeOfExpiry(stored, kNow)->text, NoticeOfExpiry(stored, kNow + 23 * kDay)->text);
}

}  // namespace
}  // namespace aloha::supervisor
