#include "workers/tls/running_config.h"

#include <gtest/gtest.h>
#include <openssl/nid.h>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

class RunningConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto made = TestCertificate::Make("a", NID_X9_62_prime256v1, {"a.test"});
    *tls_.snapshot.add_certificates() = made.message;
    tls_.AddListener({"a"}, worker::v1::TLS_PROFILE_INTERMEDIATE);
  }

  // The field that a changed snapshot is refused for; the snapshot is as before afterwards.
  std::string Refused(const std::function<void(worker::v1::TlsSnapshot&)>& change) {
    const worker::v1::TlsSnapshot before = tls_.snapshot;
    change(tls_.snapshot);
    const auto prepared = tls_.Prepare();
    tls_.snapshot = before;
    if (prepared) return "accepted";
    EXPECT_EQ(prepared.error().code, Code::kInvalidArgument);
    return prepared.error().field;
  }

  TestTls tls_;
};

TEST_F(RunningConfigTest, ErrorsNameTheField) {
  const std::string listener = "listeners[127.0.0.1:" + std::to_string(tls_.port()) + "]";
  EXPECT_EQ(Refused([](auto&) {}), "accepted");
  EXPECT_EQ(Refused([](auto& s) { s.set_threads(0); }), "threads");
  EXPECT_EQ(Refused([](auto& s) { s.set_handshake_timeout_ms(99); }), "handshake_timeout_ms");
  EXPECT_EQ(Refused([](auto& s) { s.set_max_handshakes(0); }), "max_handshakes");
  EXPECT_EQ(Refused([](auto& s) { s.set_max_handshakes_per_client(0); }),
            "max_handshakes_per_client");
  EXPECT_EQ(Refused([](auto& s) { s.clear_ticket_keys(); }), "ticket_keys");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_ticket_keys(0)->set_name("n"); }),
            "ticket_keys[0].name");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_ticket_keys(0)->set_secret("s"); }),
            "ticket_keys[0].secret");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_certificates(0)->set_chain(0, "x"); }),
            "certificates[a].chain[0]");
  EXPECT_EQ(Refused([](auto& s) { *s.add_certificates() = s.certificates(0); }), "certificates[a]");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->set_certificates(0, "b"); }),
            listener + ".certificates");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->clear_certificates(); }),
            listener + ".certificates");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->clear_profile(); }),
            listener + ".profile");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->add_alpn(""); }), listener + ".alpn");
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->add_allow_from("x"); }),
            listener + ".allow_from");
  EXPECT_EQ(Refused([](auto& s) { *s.add_listeners() = s.listeners(0); }), listener);
  EXPECT_EQ(Refused([](auto& s) { s.mutable_listeners(0)->mutable_listener()->set_port(1); }),
            "listeners[127.0.0.1:1]");
}

TEST_F(RunningConfigTest, SocketsAndCountersAreKept) {
  tls_.Apply();
  ASSERT_EQ(tls_.engine().Keepsakes().size(), 1u);
  const int socket = tls_.engine().Keepsakes()[0].second;
  EXPECT_EQ(tls_.engine().Keepsakes()[0].first.listener().port(), tls_.port());
  const UniqueFd client = ConnectTo(tls_.port());
  ASSERT_EQ(write(client.get(), "x", 1), 1);
  ASSERT_TRUE(TestTls::Eventually([&] { return tls_.Failed("not_tls") == 1; }));
  tls_.snapshot.mutable_listeners(0)->set_profile(worker::v1::TLS_PROFILE_MODERN);
  tls_.Apply();
  EXPECT_EQ(tls_.engine().Keepsakes()[0].second, socket);
  EXPECT_EQ(tls_.Failed("not_tls"), 1u);
  tls_.engine().ResetStats();
  EXPECT_EQ(tls_.Failed("not_tls"), 0u);
  tls_.snapshot.clear_listeners();
  tls_.Apply();
  EXPECT_TRUE(tls_.engine().Keepsakes().empty());
}

}  // namespace
}  // namespace aloha::tls
