// What comes beside data: post-handshake messages, alerts, padding, empty records.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/tls_records_support.h"
#include "workers/net/tls_records.h"

namespace aloha::net {
namespace {

using Kind = TlsRecords::Opened::Kind;
using std::string_literals::operator""s;

constexpr TlsKind kTls13{0x0304, 0x1301};
constexpr TlsKind kTls12{0x0303, 0xc02f};
const std::string kKeyUpdate = "\x18\0\0\x01\0"s, kKeyUpdateAsked = "\x18\0\0\x01\x01"s;

// Feeds one side of a TLS 1.3 connection with records that have anything inside.
class TlsMessagesTest : public testing::Test {
 protected:
  explicit TlsMessagesTest(bool client = false)
      : secret_(MakeTlsKeys(kTls13, client).read_secret()),
        records_(client ? pair_.client.get() : pair_.server.get()) {}

  OpenedText Feed(const std::string& content, char type, size_t padding = 0) {
    return OpenBytes(*records_,
                     RawRecord(secret_, sequence_++, content + type + std::string(padding, '\0')));
  }
  OpenedText Handshake(const std::string& content) { return Feed(content, 22); }
  // Fails with this alert, now and ever after.
  void ExpectFailed(const OpenedText& result, int alert) {
    EXPECT_EQ(result.opened.kind, Kind::kFailed);
    EXPECT_EQ(result.opened.alert, alert) << result.opened.reason;
    EXPECT_EQ(OpenBytes(*records_, "").opened.alert, alert);
  }

  TlsRecordsPair pair_{kTls13};
  const std::string secret_;
  TlsRecords* const records_;
  uint64_t sequence_ = 0;
};
class TlsClientMessagesTest : public TlsMessagesTest {
 protected:
  TlsClientMessagesTest() : TlsMessagesTest(true) {}
};

TEST_F(TlsMessagesTest, PaddingIsTakenOff) {
  EXPECT_EQ(Feed("padded", 23, 300).text, "padded");
  EXPECT_EQ(Feed("zero at the end\0"s, 23, 1).text, "zero at the end\0"s);
}

TEST_F(TlsMessagesTest, ARecordOfPaddingFails) { ExpectFailed(Feed("", 0, 100), 10); }

TEST_F(TlsMessagesTest, InnerTypesAreKnownOnes) { ExpectFailed(Feed("\x01", 20), 10); }

TEST_F(TlsMessagesTest, PaddingCountsAsLength) {
  EXPECT_EQ(Feed(std::string(16'000, 'x'), 23, 384).text.size(), 16'000u);
  ExpectFailed(Feed(std::string(16'000, 'x'), 23, 385), 22);
}

TEST_F(TlsMessagesTest, EmptyRecordsAreBounded) {
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) {
    EXPECT_EQ(Feed("", 23).opened.kind, Kind::kData);
  }
  EXPECT_EQ(Feed("data", 23).text, "data");
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) {
    EXPECT_EQ(Feed("", 23, 10).opened.kind, Kind::kData);
  }
  ExpectFailed(Feed("", 23), 10);
}

TEST_F(TlsMessagesTest, AlertsAreExact) {
  EXPECT_EQ(Feed("\x01\x5a", 21).opened.kind, Kind::kData);  // user_canceled
  EXPECT_EQ(Feed("\x02\0"s, 21).opened.kind, Kind::kClosed);
}

TEST_F(TlsMessagesTest, EmptyAlertsFail) { ExpectFailed(Feed("", 21), 10); }

TEST_F(TlsMessagesTest, LongAlertsFail) { ExpectFailed(Feed("\x01\0\0"s, 21), 50); }

TEST_F(TlsMessagesTest, UserCanceledIsBounded) {
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) (void)Feed("\x01\x5a", 21);
  ExpectFailed(Feed("\x01\x5a", 21), 10);
}

TEST_F(TlsMessagesTest, KeyUpdateChangesTheReadKey) {
  EXPECT_EQ(Handshake(kKeyUpdate).opened.kind, Kind::kData);
  // Not asked for an answer: the other direction keeps its key.
  EXPECT_EQ(OpenBytes(*pair_.client, SealText(*records_, "same")).text, "same");
  ExpectFailed(Feed("sealed with the old key", 23), 20);
}

TEST_F(TlsMessagesTest, AnAskedForKeyUpdateIsSentOnceBeforeData) {
  // Client and server agree on what comes after: the client's read key follows.
  EXPECT_EQ(Handshake(kKeyUpdateAsked).opened.kind, Kind::kData);
  std::string wire = SealText(*records_, "new key");
  wire += SealText(*records_, " again");
  const OpenedText result = OpenBytes(*pair_.client, wire);
  EXPECT_EQ(result.opened.kind, Kind::kData);
  EXPECT_EQ(result.text, "new key again");
  const size_t plain = 2 * (5 + 1 + 16) + 13, update = 5 + 5 + 1 + 16;
  EXPECT_EQ(wire.size(), plain + update);
}

TEST_F(TlsMessagesTest, KeyUpdateMayBeSplit) {
  EXPECT_EQ(Handshake(kKeyUpdate.substr(0, 1)).opened.kind, Kind::kData);
  EXPECT_EQ(Handshake(kKeyUpdate.substr(1, 3)).opened.kind, Kind::kData);
  EXPECT_EQ(Handshake(kKeyUpdate.substr(4)).opened.kind, Kind::kData);
  ExpectFailed(Feed("sealed with the old key", 23), 20);
}

TEST_F(TlsMessagesTest, KeyUpdateEndsItsRecord) {
  ExpectFailed(Handshake(kKeyUpdate + kKeyUpdate), 10);
}

TEST_F(TlsMessagesTest, KeyUpdateIsOneByte) { ExpectFailed(Handshake("\x18\0\0\x02\0\0"s), 50); }

TEST_F(TlsMessagesTest, KeyUpdateHasTwoKinds) { ExpectFailed(Handshake("\x18\0\0\x01\x02"s), 47); }

TEST_F(TlsMessagesTest, SplitMessagesAreNotInterrupted) {
  EXPECT_EQ(Handshake(kKeyUpdate.substr(0, 2)).opened.kind, Kind::kData);
  ExpectFailed(Feed("data", 23), 10);
}

TEST_F(TlsMessagesTest, EmptyHandshakeRecordsFail) { ExpectFailed(Handshake(""), 10); }

TEST_F(TlsMessagesTest, AServerTakesNoTickets) { ExpectFailed(Handshake("\x04"), 10); }

TEST_F(TlsMessagesTest, NoOtherMessages) { ExpectFailed(Handshake("\x01"), 10); }

TEST_F(TlsMessagesTest, ALostWriteKeyIsRenewed) {
  TlsRecordsPair pair(kTls13, TlsRecords::kRenewKeyAt - 1);
  EXPECT_EQ(SealText(*pair.client, "x").size(), 5u + 1 + 1 + 16);
  const std::string wire = SealText(*pair.client, "x");
  EXPECT_EQ(wire.size(), 5u + 1 + 1 + 16 + 27);
  TlsRecordsPair fresh(kTls13, TlsRecords::kRenewKeyAt);
  EXPECT_EQ(OpenBytes(*fresh.server, wire).text, "x");
}

TEST_F(TlsMessagesTest, KeyUpdatesAreBounded) {
  std::string secret = secret_;
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) {
    EXPECT_EQ(OpenBytes(*records_, RawRecord(secret, 0, kKeyUpdate + '\x16')).opened.kind,
              Kind::kData);
    secret = NextSecret(secret);
  }
  EXPECT_EQ(OpenBytes(*records_, RawRecord(secret, 0, "data\x17")).text, "data");
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) {
    (void)OpenBytes(*records_, RawRecord(secret, i == 0, kKeyUpdate + '\x16'));
    secret = NextSecret(secret);
  }
  ExpectFailed(OpenBytes(*records_, RawRecord(secret, 0, kKeyUpdate + '\x16')), 10);
}

TEST_F(TlsClientMessagesTest, TicketsAreKept) {
  const std::string ticket = "\x04\0\0\x05"s + "first", next = "\x04\0\0\x06"s + "second";
  EXPECT_EQ(records_->TakeTicket(), "");
  EXPECT_EQ(Handshake(ticket).opened.kind, Kind::kData);
  EXPECT_EQ(records_->TakeTicket(), ticket);
  EXPECT_EQ(records_->TakeTicket(), "");
  EXPECT_EQ(Handshake(ticket + next.substr(0, 7)).opened.kind, Kind::kData);
  EXPECT_EQ(records_->TakeTicket(), ticket);
  EXPECT_EQ(Handshake(next.substr(7)).opened.kind, Kind::kData);
  EXPECT_EQ(Feed("data", 23).text, "data");
  EXPECT_EQ(records_->TakeTicket(), next);
}

TEST_F(TlsClientMessagesTest, ATicketAndAKeyUpdateMayShareARecord) {
  const std::string ticket = "\x04\0\0\x05"s + "first";
  EXPECT_EQ(Handshake(ticket + kKeyUpdate).opened.kind, Kind::kData);
  EXPECT_EQ(records_->TakeTicket(), ticket);
}

TEST_F(TlsClientMessagesTest, LongTicketsAreBounded) {
  const std::string ticket = "\x04\0\x3f\xfc"s + std::string(16'380, 't');
  for (size_t at = 0; at < ticket.size(); at += 1000) {
    EXPECT_EQ(Handshake(ticket.substr(at, 1000)).opened.kind, Kind::kData);
  }
  EXPECT_EQ(records_->TakeTicket(), ticket);
  ExpectFailed(Handshake("\x04\0\x3f\xfd"s), 47);
}

class TlsMessages12Test : public testing::TestWithParam<bool> {
 protected:
  OpenedText Feed(char type, const std::string& content) {
    return OpenBytes(records_,
                     RawRecord12(keys_.key_block(), !GetParam(), sequence_++, type, content));
  }

  const handoff::v1::TrafficKeys keys_ = MakeTlsKeys(kTls12, GetParam());
  TlsRecordsPair pair_{kTls12};
  TlsRecords& records_ = GetParam() ? *pair_.client : *pair_.server;
  uint64_t sequence_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Sides, TlsMessages12Test, testing::Bool(),
                         [](const auto& side) { return side.param ? "Client" : "Server"; });

TEST_P(TlsMessages12Test, ExplicitIvsAreTheOtherSidesChoice) {
  EXPECT_EQ(Feed(23, "data").text, "data");
  EXPECT_EQ(Feed(23, "more").text, "more");
}

TEST_P(TlsMessages12Test, RenegotiationIsRefused) {
  const OpenedText result = Feed(22, GetParam() ? "\0\0\0\0"s : "\x01\0\0\x02??"s);
  EXPECT_EQ(result.opened.kind, Kind::kFailed);
  EXPECT_EQ(result.opened.alert, 100);
}

TEST_P(TlsMessages12Test, OtherMessagesAreNotExpected) {
  EXPECT_EQ(Feed(22, GetParam() ? "\x01" : "\0"s).opened.alert, 10);
}

TEST_P(TlsMessages12Test, EmptyHandshakeRecordsFail) { EXPECT_EQ(Feed(22, "").opened.alert, 10); }

TEST_P(TlsMessages12Test, ChangeCipherSpecFails) { EXPECT_EQ(Feed(20, "\x01").opened.alert, 10); }

TEST_P(TlsMessages12Test, EmptyRecordsAreBounded) {
  for (int i = 0; i < TlsRecords::kMaxIdleRecords; ++i) {
    EXPECT_EQ(Feed(23, "").opened.kind, Kind::kData);
  }
  EXPECT_EQ(Feed(23, "").opened.alert, 10);
}

TEST_P(TlsMessages12Test, OversizeFails) {
  EXPECT_EQ(Feed(23, std::string(16'384, 'x')).text.size(), 16'384u);
  EXPECT_EQ(Feed(23, std::string(16'385, 'x')).opened.alert, 22);
}

}  // namespace
}  // namespace aloha::net
