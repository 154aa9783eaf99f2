#include "workers/net/tls_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/net/tls_records_support.h"
#include "workers/net/tls_suites.h"

namespace aloha::net {
namespace {

using Kind = TlsRecords::Opened::Kind;
using handoff::v1::TrafficKeys;

std::string Text(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 + (i >> 8));
  return text;
}

class TlsRecordsEveryKind : public testing::TestWithParam<TlsKind> {
 protected:
  TlsRecordsPair pair_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Kinds, TlsRecordsEveryKind, testing::ValuesIn(AllTlsKinds()),
                         [](const auto& kind) { return TlsKindName(kind.param); });

TEST_P(TlsRecordsEveryKind, GoesBothWays) {
  EXPECT_EQ(pair_.server->version(), GetParam().version);
  EXPECT_EQ(pair_.server->cipher(), GetParam().cipher);
  for (const size_t length : {1, 15, 16, 1000, 16384, 100'000}) {
    const std::string text = Text(length);
    for (const size_t record_bytes : {1399, 16384}) {
      EXPECT_EQ(OpenBytes(*pair_.server, SealText(*pair_.client, text, record_bytes)).text, text);
      EXPECT_EQ(OpenBytes(*pair_.client, SealText(*pair_.server, text, record_bytes)).text, text);
    }
  }
}

TEST_P(TlsRecordsEveryKind, PartsAreGathered) {
  const std::string text = Text(50'000);
  const std::string_view all = text;
  const std::vector<std::string_view> parts = {
      {}, all.substr(0, 10), all.substr(10, 1), {}, all.substr(11, 20'000), all.substr(20'011), {},
  };
  EXPECT_EQ(OpenBytes(*pair_.server, SealParts(*pair_.client, parts, 4'000)).text, text);
  EXPECT_EQ(OpenBytes(*pair_.server, SealParts(*pair_.client, parts)).text, text);
}

TEST_P(TlsRecordsEveryKind, OpensByteByByte) {
  const std::string text = Text(3'000);
  const std::string wire = SealText(*pair_.client, text, 700);
  const OpenedText all = OpenSlowly(*pair_.server, wire, 1);
  EXPECT_EQ(all.text, text);
  EXPECT_EQ(all.opened.consumed, wire.size());
}

TEST_P(TlsRecordsEveryKind, WhatDoesNotFitWaits) {
  const std::string text = Text(16'384);
  std::string wire = SealText(*pair_.server, text);
  wire += SealText(*pair_.server, "more");
  OpenedText some = OpenBytes(*pair_.client, wire, TlsRecords::kMaxPlaintext);
  EXPECT_EQ(some.opened.kind, Kind::kData);
  EXPECT_EQ(some.text, text);
  EXPECT_LT(some.opened.consumed, wire.size());
  const std::string rest = wire.substr(some.opened.consumed);
  EXPECT_EQ(OpenBytes(*pair_.client, rest, 3).opened.consumed, 0u);
  EXPECT_EQ(OpenBytes(*pair_.client, rest, TlsRecords::kMaxPlaintext).text, "more");
}

TEST_P(TlsRecordsEveryKind, EveryByteIsGuarded) {
  const std::string wire = SealText(*pair_.server, "guarded");
  for (size_t i = 0; i < wire.size(); ++i) {
    std::string tampered = wire;
    tampered[i] ^= 0x01;
    TlsRecordsPair fresh(GetParam());
    const OpenedText result = OpenBytes(*fresh.client, tampered);
    EXPECT_EQ(result.text, "") << i;
    // A length that grew: the rest may still come.
    const bool waits = result.opened.kind == Kind::kData;
    EXPECT_EQ(waits, (i == 3 || i == 4) && tampered[i] > wire[i]) << i;
    if (waits) tampered.append(256, 'x');
    EXPECT_EQ(OpenBytes(*fresh.client, tampered).opened.kind, Kind::kFailed) << i;
  }
}

TEST_P(TlsRecordsEveryKind, ARecordComesOnceAndInOrder) {
  const std::string first = SealText(*pair_.client, "first");
  const std::string second = SealText(*pair_.client, "second");
  EXPECT_EQ(OpenBytes(*pair_.server, first + first).text, "first");
  const OpenedText again = OpenBytes(*pair_.server, second);
  EXPECT_EQ(again.opened.kind, Kind::kFailed);  // for good
  EXPECT_EQ(again.opened.alert, 20);
  TlsRecordsPair fresh(GetParam());
  EXPECT_EQ(OpenBytes(*fresh.server, second).opened.kind, Kind::kFailed);
}

TEST_P(TlsRecordsEveryKind, TooLongATooShortRecordFails) {
  const std::string wire = SealText(*pair_.client, "x");
  for (const size_t length : {size_t{0}, size_t{15}, size_t{16384 + 2049}}) {
    TlsRecordsPair fresh(GetParam());
    std::string header = wire.substr(0, 5);
    header[3] = static_cast<char>(length >> 8);
    header[4] = static_cast<char>(length);
    const OpenedText result = OpenBytes(*fresh.server, header);
    EXPECT_EQ(result.opened.kind, Kind::kFailed) << length;
    EXPECT_EQ(result.opened.alert, length > 16384 ? 22 : 20);
  }
}

TEST_P(TlsRecordsEveryKind, OnlyKnownTypesOfTheRightVersion) {
  const std::string wire = SealText(*pair_.client, "x");
  for (const char type : {0, 20, 24, 127}) {
    TlsRecordsPair fresh(GetParam());
    std::string other = wire;
    other[0] = type;
    const OpenedText result = OpenBytes(*fresh.server, other);
    EXPECT_EQ(result.opened.kind, Kind::kFailed);
    EXPECT_EQ(result.opened.alert, 10);
  }
  std::string other = wire;
  other[2] = 9;
  EXPECT_EQ(OpenBytes(*pair_.server, other).opened.alert, 70);
}

TEST_P(TlsRecordsEveryKind, CloseNotifyIsTheEnd) {
  std::string wire = SealText(*pair_.client, "last");
  wire += SealAlert(*pair_.client, 0);
  EXPECT_TRUE(pair_.client->closed());
  EXPECT_EQ(SealText(*pair_.client, "more"), "");
  EXPECT_EQ(SealAlert(*pair_.client, 0), "");
  const OpenedText result = OpenBytes(*pair_.server, wire + "what follows is ignored");
  EXPECT_EQ(result.opened.kind, Kind::kClosed);
  EXPECT_EQ(result.text, "last");
  EXPECT_EQ(OpenBytes(*pair_.server, "still").opened.kind, Kind::kClosed);
  // The other direction goes on.
  EXPECT_EQ(OpenBytes(*pair_.client, SealText(*pair_.server, "answer")).text, "answer");
}

TEST_P(TlsRecordsEveryKind, AFatalAlertIsNamed) {
  std::string wire = SealText(*pair_.client, "data");
  wire += SealAlert(*pair_.client, 48);
  EXPECT_FALSE(pair_.client->closed());
  EXPECT_EQ(SealText(*pair_.client, "more"), "");
  const OpenedText result = OpenBytes(*pair_.server, wire);
  EXPECT_EQ(result.opened.kind, Kind::kFailed);
  EXPECT_EQ(result.opened.alert, TlsRecords::kNoAlert);
  EXPECT_STREQ(result.opened.reason, "alert unknown_ca came");
  EXPECT_EQ(result.text, "data");
  EXPECT_EQ(SealAlert(*pair_.server, result.opened.alert), "");
}

TEST_P(TlsRecordsEveryKind, SequenceNumbersEnd) {
  TlsRecordsPair last(GetParam(), UINT64_MAX - 3);
  if (GetParam().version == 0x0304) {
    // The key is new, and so are the numbers.
    std::string wire = SealText(*last.server, "a");
    wire += SealText(*last.server, "b");
    EXPECT_EQ(OpenBytes(*last.client, wire).text, "ab");
    return;
  }
  const std::string wire = SealText(*last.server, "a");
  EXPECT_EQ(OpenBytes(*last.client, wire).text, "a");
  EXPECT_EQ(SealText(*last.server, "b"), "");
  EXPECT_EQ(OpenBytes(*last.client, SealAlert(*last.server, 0)).opened.kind, Kind::kClosed);
  TlsRecordsPair none(GetParam(), UINT64_MAX);
  EXPECT_EQ(SealText(*none.server, "a"), "");
  EXPECT_EQ(SealAlert(*none.server, 0), "");
  EXPECT_EQ(OpenBytes(*none.client, wire).opened.alert, 80);
}

TEST_P(TlsRecordsEveryKind, OversizeFails) {
  const std::string most = Text(16'384), more = Text(16'385);
  EXPECT_EQ(OpenBytes(*pair_.client, SealText(*pair_.server, most, more.size())).text, most);
  EXPECT_EQ(OpenBytes(*pair_.client, SealText(*pair_.server, more, more.size())).opened.alert, 22);
}

TEST_P(TlsRecordsEveryKind, ContextsTakenAwayAreMadeAnew) {
  TlsContextCache small(1);
  std::vector<std::unique_ptr<TlsRecords>> clients, servers;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(TlsRecords::Create(MakeTlsKeys(GetParam(), true), pair_.cache).value());
    servers.push_back(TlsRecords::Create(MakeTlsKeys(GetParam(), false), small).value());
  }
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) {
      const std::string text = Text(100 * i + round + 1);
      EXPECT_EQ(OpenBytes(*servers[i], SealText(*clients[i], text)).text, text);
      EXPECT_EQ(OpenBytes(*clients[i], SealText(*servers[i], text)).text, text);
    }
  }
}

TEST(TlsRecordsTest, AClientOfTls10BeginsWithOneByte) {
  TlsRecordsPair pair({0x0301, 0xc013});
  const std::string wire = SealText(*pair.client, Text(100));
  EXPECT_EQ(OpenBytes(*pair.server, wire, 20).text, Text(1));
}

TEST(TlsRecordsTest, KeysAreChecked) {
  TlsContextCache cache;
  const auto refused = [&](TrafficKeys keys) {
    const auto result = TlsRecords::Create(keys, cache);
    return result ? "nothing" : result.error().field;
  };
  for (const TlsKind& kind : AllTlsKinds()) {
    const TrafficKeys good = MakeTlsKeys(kind, true);
    EXPECT_EQ(refused(good), "nothing");
    TrafficKeys keys = good;
    keys.set_version(0x0300);
    EXPECT_EQ(refused(keys), "version");
    keys = good;
    keys.set_version(kind.version == 0x0304 ? 0x0303 : 0x0304);
    EXPECT_EQ(refused(keys), "cipher");
    keys = good;
    keys.set_cipher(good.cipher() + 0x10000);
    EXPECT_EQ(refused(keys), "cipher");
    for (const auto& [name, field] : {std::pair{"key_block", keys.mutable_key_block()},
                                      {"read_iv", keys.mutable_read_iv()},
                                      {"write_iv", keys.mutable_write_iv()},
                                      {"read_secret", keys.mutable_read_secret()},
                                      {"write_secret", keys.mutable_write_secret()}}) {
      keys = good;
      if (field->empty()) continue;
      field->push_back('x');
      EXPECT_EQ(refused(keys), name);
      field->resize(field->size() - 2);
      EXPECT_EQ(refused(keys), name);
    }
  }
}

TEST(TlsRecordsTest, Names) {
  EXPECT_EQ(TlsVersionName(0x0304), "TLSv1.3");
  EXPECT_EQ(TlsVersionName(0x0301), "TLSv1");
  EXPECT_EQ(TlsVersionName(0x0300), "");
  EXPECT_EQ(TlsVersionName(0x0305), "");
  EXPECT_EQ(TlsCipherName(0x1301), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsCipherName(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsCipherName(0x002f), "");
}

}  // namespace
}  // namespace aloha::net
