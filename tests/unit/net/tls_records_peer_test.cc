// The record layer in the place of one side of a real BoringSSL connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/net/tls_peer.h"
#include "tests/unit/net/tls_records_support.h"
#include "workers/net/tls_records.h"

namespace aloha::net {
namespace {

using Kind = TlsRecords::Opened::Kind;

struct Case {
  TlsKind kind;
  bool client;  // the side that the record layer takes over
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const TlsKind& kind : AllTlsKinds()) {
    if (!TlsPeer::CanNegotiate(kind)) continue;
    cases.push_back({kind, false});
    cases.push_back({kind, true});
  }
  return cases;
}

std::string Text(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 + (i >> 8));
  return text;
}

class TlsRecordsPeerTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(peer_.Handshake());
    auto records = TlsRecords::Create(peer_.Keys(), cache_);
    ASSERT_TRUE(records) << records.error().message << " " << records.error().field;
    records_ = std::move(*records);
    // Tickets, that a server of TLS 1.3 sent first.
    const OpenedText tickets = OpenBytes(*records_, peer_.Sent());
    EXPECT_EQ(tickets.opened.kind, Kind::kData) << tickets.opened.reason;
    EXPECT_EQ(tickets.text, "");
  }
  bool tls13() const { return GetParam().kind.version == 0x0304; }

  TlsPeer peer_{GetParam().kind, GetParam().client};
  TlsContextCache cache_;
  std::unique_ptr<TlsRecords> records_;
};
INSTANTIATE_TEST_SUITE_P(Cases, TlsRecordsPeerTest, testing::ValuesIn(AllCases()),
                         [](const auto& kind) {
                           return TlsKindName(kind.param.kind) +
                                  (kind.param.client ? "_Client" : "_Server");
                         });

TEST_P(TlsRecordsPeerTest, BothUnderstandEachOther) {
  for (const size_t length : {1, 100, 16384, 50'000}) {
    const std::string text = Text(length);
    EXPECT_EQ(peer_.Read(SealText(*records_, text)), text);
    EXPECT_EQ(peer_.Read(SealText(*records_, text, 1000)), text);
    peer_.Write(text);
    EXPECT_EQ(OpenBytes(*records_, peer_.Sent()).text, text);
  }
}

TEST_P(TlsRecordsPeerTest, RecordsComeByteByByteAndTogether) {
  const std::string text = Text(2'000);
  for (int i = 0; i < 10; ++i) peer_.Write(text.substr(i * 200, 200));
  const std::string wire = peer_.Sent();
  EXPECT_EQ(OpenSlowly(*records_, wire, 1).text, text);
  for (int i = 0; i < 10; ++i) peer_.Write(text.substr(i * 200, 200));
  EXPECT_EQ(OpenBytes(*records_, peer_.Sent()).text, text);
}

TEST_P(TlsRecordsPeerTest, CloseNotifyGoesBothWays) {
  EXPECT_EQ(peer_.Read(SealText(*records_, "last")), "last");
  EXPECT_FALSE(peer_.closed());
  EXPECT_EQ(peer_.Read(SealAlert(*records_, 0)), "");
  EXPECT_TRUE(peer_.closed());
  peer_.Write("answer");
  peer_.Close();
  const OpenedText result = OpenBytes(*records_, peer_.Sent());
  EXPECT_EQ(result.opened.kind, Kind::kClosed);
  EXPECT_EQ(result.text, "answer");
}

TEST_P(TlsRecordsPeerTest, AFatalAlertArrives) {
  EXPECT_EQ(peer_.Read(SealAlert(*records_, 80)), "");
  EXPECT_TRUE(peer_.failed());
}

TEST_P(TlsRecordsPeerTest, APeersFatalAlertIsNamed) {
  std::string wire = SealText(*records_, "tampered");
  wire[8] ^= 1;  // of the first record
  EXPECT_EQ(peer_.Read(wire), "");
  const OpenedText result = OpenBytes(*records_, peer_.Sent());
  EXPECT_EQ(result.opened.kind, Kind::kFailed);
  EXPECT_STREQ(result.opened.reason, "alert bad_record_mac came");
}

TEST_P(TlsRecordsPeerTest, KeysChangeOnBothSides) {
  if (!tls13()) return;
  for (int round = 0; round < 3; ++round) {
    for (const bool asks : {false, true}) {
      ASSERT_TRUE(peer_.UpdateKey(asks));
      peer_.Write("new key");
      EXPECT_EQ(OpenBytes(*records_, peer_.Sent()).text, "new key");
      EXPECT_EQ(peer_.Read(SealText(*records_, "answer")), "answer");
    }
  }
}

TEST_P(TlsRecordsPeerTest, TicketsOfAServerAreTaken) {
  EXPECT_EQ(records_->TakeTicket().empty(), !(tls13() && GetParam().client));
}

}  // namespace
}  // namespace aloha::net
