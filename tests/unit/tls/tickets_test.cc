// Sessions resume by tickets, whichever process and thread made them.
#include "workers/tls/tickets.h"

#include <gtest/gtest.h>
#include <openssl/nid.h>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

worker::v1::TicketKey Key(char letter) {
  worker::v1::TicketKey key;
  key.set_name(std::string(16, letter));
  key.set_secret(std::string(64, letter));
  return key;
}

// One process with aloha-tls in it: engine, keys, proxy, two certificates.
struct Process {
  Process(const TestCertificate& a, const TestCertificate& b, const std::string& keys_in_use)
      : keys({&a, &b}) {
    tls.engine().SetKeys(keys.TakeSocket());
    tls.engine().SetProxy(proxy.TakeSocket());
    *tls.snapshot.add_certificates() = a.message;
    *tls.snapshot.add_certificates() = b.message;
    UseKeys(keys_in_use);
    tls.AddListener({"a", "b"}, worker::v1::TLS_PROFILE_LEGACY);
    tls.Apply();
  }
  void UseKeys(const std::string& letters) {
    tls.snapshot.clear_ticket_keys();
    for (const char letter : letters) *tls.snapshot.add_ticket_keys() = Key(letter);
  }

  FakeKeys keys;
  FakeProxy proxy;
  TestTls tls;
};

class TicketsTest : public testing::TestWithParam<uint16_t> {
 protected:
  static void SetUpTestSuite() {
    a_ = new TestCertificate(TestCertificate::Make("a", NID_X9_62_prime256v1, {"a.test"}));
    b_ = new TestCertificate(TestCertificate::Make("b", NID_X9_62_prime256v1, {"b.test"}));
  }

  struct Outcome {
    bool resumed = false, renewed = false;
    bssl::UniquePtr<SSL_SESSION> session;
  };
  // One connection, which the proxy gets. TLS 1.3 tickets are read from what the handshake sent.
  Outcome Visit(Process& process, const std::string& name, SSL_SESSION* session) {
    TestClient client(process.tls.port(),
                      {.version = GetParam(), .server_name = name, .session = session});
    EXPECT_TRUE(client.Connect());
    const auto received = process.proxy.Receive();
    if (GetParam() == TLS1_3_VERSION) client.ReadTickets();
    EXPECT_EQ(received.message.connection().facts().resumed(), client.resumed());
    Outcome outcome{client.resumed(), false, client.session()};
    outcome.renewed = outcome.session != nullptr;
    return outcome;
  }

  static TestCertificate *a_, *b_;
};
TestCertificate *TicketsTest::a_, *TicketsTest::b_;

TEST_P(TicketsTest, ResumeInAnotherProcess) {
  Process first(*a_, *b_, "k"), second(*a_, *b_, "k");
  Outcome visit = Visit(first, "a.test", nullptr);
  EXPECT_FALSE(visit.resumed);
  ASSERT_TRUE(visit.session);
  const int asked = second.keys.asked();
  for (int i = 0; i < 8; ++i) {
    Outcome next = Visit(second, "a.test", visit.session.get());
    EXPECT_TRUE(next.resumed);
    if (next.session) visit = std::move(next);
  }
  EXPECT_EQ(second.keys.asked(), asked);
  EXPECT_EQ(second.tls.Stats().resumed_total(), 8u);
}

TEST_P(TicketsTest, BoundToTheCertificate) {
  Process process(*a_, *b_, "k");
  const Outcome visit = Visit(process, "a.test", nullptr);
  EXPECT_FALSE(Visit(process, "b.test", visit.session.get()).resumed);
  EXPECT_TRUE(Visit(process, "a.test", visit.session.get()).resumed);
}

TEST_P(TicketsTest, KeysRotate) {
  Process process(*a_, *b_, "k");
  const Outcome visit = Visit(process, "a.test", nullptr);
  process.UseKeys("nk");
  process.tls.Apply();
  const Outcome renewed = Visit(process, "a.test", visit.session.get());
  EXPECT_TRUE(renewed.resumed);
  EXPECT_TRUE(renewed.renewed);
  process.UseKeys("n");
  process.tls.Apply();
  EXPECT_TRUE(Visit(process, "a.test", renewed.session.get()).resumed);
  EXPECT_FALSE(Visit(process, "a.test", visit.session.get()).resumed);
}

INSTANTIATE_TEST_SUITE_P(Versions, TicketsTest,
                         testing::Values(TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace aloha::tls
