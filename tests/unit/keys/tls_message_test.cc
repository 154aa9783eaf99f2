#include "workers/keys/tls_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/keys/messages.h"

namespace aloha::keys {
namespace {

constexpr auto kVerify = MessageForm::kCertificateVerify;
constexpr auto kExchange = MessageForm::kServerKeyExchange;

TEST(TlsMessage, KnowsCertificateVerify) {
  EXPECT_EQ(ClassifyMessage(CertificateVerify(32)), kVerify);
  EXPECT_EQ(ClassifyMessage(CertificateVerify(48)), kVerify);
  EXPECT_EQ(ClassifyMessage(CertificateVerify(32, "client")), kVerify);
}

TEST(TlsMessage, KnowsServerKeyExchangeOfEveryCurve) {
  EXPECT_EQ(ClassifyMessage(ServerKeyExchange(23, 65)), kExchange);
  EXPECT_EQ(ClassifyMessage(ServerKeyExchange(24, 97)), kExchange);
  EXPECT_EQ(ClassifyMessage(ServerKeyExchange(25, 133)), kExchange);
  EXPECT_EQ(ClassifyMessage(ServerKeyExchange(29, 32)), kExchange);
  EXPECT_EQ(ClassifyMessage(ServerKeyExchange(30, 56)), kExchange);
}

TEST(TlsMessage, RefusesEveryLengthButTheRightOnes) {
  for (const std::string& message : {CertificateVerify(32), CertificateVerify(48),
                                     ServerKeyExchange(23, 65), ServerKeyExchange(29, 32)}) {
    for (size_t length = 0; length < message.size(); ++length) {
      if (message.size() - length == 16 && ClassifyMessage(message) == kVerify) continue;
      EXPECT_EQ(ClassifyMessage(message.substr(0, length)), std::nullopt) << length;
    }
    EXPECT_EQ(ClassifyMessage(message + 'x'), std::nullopt);
    EXPECT_EQ(ClassifyMessage(message + std::string(64, 'x')), std::nullopt);
  }
}

// Every byte that the form fixes.
TEST(TlsMessage, RefusesAnotherByteAnywhereInTheFixedPart) {
  const std::string verify = CertificateVerify();
  for (size_t at = 0; at < verify.size() - 32; ++at) {
    std::string changed = verify;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(ClassifyMessage(changed), std::nullopt) << at;
  }
  const std::string exchange = ServerKeyExchange(23, 65);
  for (size_t at = 64; at <= 68; ++at) {
    std::string changed = exchange;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_EQ(ClassifyMessage(changed), std::nullopt) << at;
  }
}

TEST(TlsMessage, RefusesWhatAnAttackerWouldLikeToHaveSigned) {
  const std::string der = "\x30\x82\x02\x10\xa0\x03\x02\x01\x02";
  for (const std::string& message :
       {std::string(), std::string("hello"), std::string(32, '\0'), std::string(48, '\0'),
        der + std::string(500, 'x'), std::string(64, ' '), std::string(130, ' '),
        std::string(64, ' ') + "TLS 1.3, exporter CertificateVerify" + std::string(33, '\0')}) {
    EXPECT_EQ(ClassifyMessage(message), std::nullopt) << message;
  }
  // Explicit curves, which RFC 8422 forbids.
  std::string explicit_prime = ServerKeyExchange();
  explicit_prime[64] = 1;
  EXPECT_EQ(ClassifyMessage(explicit_prime), std::nullopt);
}

std::string Refusal(uint32_t scheme, const std::string& message, KeyKind kind) {
  const auto checked = CheckRequest(scheme, message, kind);
  return checked ? "" : checked.error().message;
}

TEST(TlsMessage, Tls13TakesPssAndTheCurveOfTheKey) {
  const std::string verify = CertificateVerify();
  for (const uint32_t pss : {0x0804, 0x0805, 0x0806})
    EXPECT_EQ(Refusal(pss, verify, KeyKind::kRsa), "") << pss;
  EXPECT_EQ(Refusal(0x0403, verify, KeyKind::kP256), "");
  EXPECT_EQ(Refusal(0x0503, verify, KeyKind::kP384), "");
  EXPECT_EQ(Refusal(0x0503, verify, KeyKind::kP256), "the scheme does not fit the key");
  EXPECT_EQ(Refusal(0x0403, verify, KeyKind::kP384), "the scheme does not fit the key");
}

TEST(TlsMessage, Tls13TakesNothingOlder) {
  const std::string verify = CertificateVerify();
  for (const uint32_t scheme : {0x0401, 0x0501, 0x0601, 0x0201, 0xff01})
    EXPECT_EQ(Refusal(scheme, verify, KeyKind::kRsa), "the scheme is not one of TLS 1.3") << scheme;
  EXPECT_EQ(Refusal(0x0203, verify, KeyKind::kP256), "the scheme is not one of TLS 1.3");
}

TEST(TlsMessage, Tls12TakesThemAll) {
  const std::string exchange = ServerKeyExchange();
  for (const uint32_t scheme : {0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0x0201, 0xff01}) {
    EXPECT_EQ(Refusal(scheme, exchange, KeyKind::kRsa), "") << scheme;
    EXPECT_EQ(Refusal(scheme, exchange, KeyKind::kP256), "the scheme does not fit the key");
  }
  for (const uint32_t scheme : {0x0403, 0x0503, 0x0203}) {
    EXPECT_EQ(Refusal(scheme, exchange, KeyKind::kP256), "");
    EXPECT_EQ(Refusal(scheme, exchange, KeyKind::kP384), "");
    EXPECT_EQ(Refusal(scheme, exchange, KeyKind::kRsa), "the scheme does not fit the key");
  }
}

TEST(TlsMessage, RefusesUnknownSchemes) {
  for (const uint32_t scheme : {0x0000, 0x0603, 0x0807, 0x0809, 0x0101, 0xff02, 0x10804})
    EXPECT_EQ(Refusal(scheme, ServerKeyExchange(), KeyKind::kRsa), "unknown signature scheme");
}

}  // namespace
}  // namespace aloha::keys
