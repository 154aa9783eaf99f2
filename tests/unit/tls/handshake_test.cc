// Whole handshakes: every version, suite and kind of key, and what is handed over for them.
#include <gtest/gtest.h>
#include <openssl/nid.h>
#include <sys/socket.h>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

using worker::v1::TLS_PROFILE_INTERMEDIATE;
using worker::v1::TLS_PROFILE_LEGACY;
using worker::v1::TLS_PROFILE_MODERN;

class HandshakeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rsa_ = new TestCertificate(TestCertificate::Make("rsa", 0, {"rsa.test", "both.test"}));
    ecdsa_ = new TestCertificate(
        TestCertificate::Make("ecdsa", NID_X9_62_prime256v1, {"ecdsa.test", "both.test"}));
    p384_ = new TestCertificate(TestCertificate::Make("p384", NID_secp384r1, {"*.p384.test"}));
  }

  void SetUp() override {
    tls_.engine().SetKeys(keys_.TakeSocket());
    tls_.engine().SetProxy(proxy_.TakeSocket());
    for (const auto* one : {rsa_, ecdsa_, p384_}) {
      *tls_.snapshot.add_certificates() = one->message;
    }
  }

  // What the two ends hold must be the same, mirrored.
  static void ExpectSameKeys(const handoff::v1::TrafficKeys& keys, const SSL* client) {
    const auto text = [](bssl::Span<const uint8_t> bytes) {
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    EXPECT_EQ(keys.version(), SSL_version(client));
    EXPECT_EQ(keys.cipher(), SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(client)));
    EXPECT_FALSE(keys.client());
    if (keys.version() == TLS1_3_VERSION) {
      bssl::Span<const uint8_t> read, write;
      ASSERT_TRUE(bssl::SSL_get_traffic_secrets(client, &read, &write));
      EXPECT_EQ(keys.read_secret(), text(write));
      EXPECT_EQ(keys.write_secret(), text(read));
      EXPECT_EQ(keys.read_sequence(), 0u);
      EXPECT_EQ(keys.write_sequence(), 1u);  // the tickets
      return;
    }
    std::string block(SSL_get_key_block_len(client), '\0');
    ASSERT_TRUE(
        SSL_generate_key_block(client, reinterpret_cast<uint8_t*>(block.data()), block.size()));
    EXPECT_EQ(keys.key_block(), block);
    EXPECT_EQ(keys.read_sequence(), SSL_get_write_sequence(client));
    EXPECT_EQ(keys.write_sequence(), SSL_get_read_sequence(client));
    EXPECT_EQ(keys.read_sequence(), 1u);
    if (keys.version() > TLS1_VERSION) return;
    const uint8_t *read = nullptr, *write = nullptr;
    size_t size = 0;
    ASSERT_TRUE(SSL_get_ivs(client, &read, &write, &size));
    EXPECT_EQ(keys.read_iv(), text({write, size}));
    EXPECT_EQ(keys.write_iv(), text({read, size}));
  }

  static TestCertificate *rsa_, *ecdsa_, *p384_;
  FakeKeys keys_{{rsa_, ecdsa_, p384_}};
  FakeProxy proxy_;
  TestTls tls_;
};
TestCertificate *HandshakeTest::rsa_, *HandshakeTest::ecdsa_, *HandshakeTest::p384_;

TEST_F(HandshakeTest, EverySuiteOfEveryVersion) {
  tls_.AddListener({"rsa", "ecdsa", "p384"}, TLS_PROFILE_LEGACY);
  tls_.Apply();
  const struct {
    uint16_t version;
    const char *suites, *name, *shown;
  } cases[] = {
      {TLS1_3_VERSION, "", "rsa.test", "rsa.test"},
      {TLS1_3_VERSION, "", "ecdsa.test", "ecdsa.test"},
      {TLS1_3_VERSION, "", "a.p384.test", "*.p384.test"},
      {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", "both.test", "rsa.test"},
      {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", "both.test", "rsa.test"},
      {TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", "both.test", "rsa.test"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "both.test", "ecdsa.test"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "both.test", "ecdsa.test"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "both.test", "ecdsa.test"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "a.p384.test", "*.p384.test"},
      {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", "both.test", "rsa.test"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", "both.test", "ecdsa.test"},
      {TLS1_1_VERSION, "ECDHE-RSA-AES256-SHA", "both.test", "rsa.test"},
      {TLS1_1_VERSION, "ECDHE-ECDSA-AES128-SHA", "both.test", "ecdsa.test"},
      {TLS1_VERSION, "ECDHE-RSA-AES128-SHA", "both.test", "rsa.test"},
      {TLS1_VERSION, "ECDHE-ECDSA-AES256-SHA", "both.test", "ecdsa.test"},
  };
  for (const auto& one : cases) {
    for (const bool byte_by_byte : {false, true}) {
      SCOPED_TRACE(testing::Message() << std::hex << one.version << " " << one.suites);
      TestClient client(tls_.port(), {.version = one.version,
                                      .suites = one.suites,
                                      .server_name = one.name,
                                      .byte_by_byte = byte_by_byte});
      ASSERT_TRUE(client.Connect());
      EXPECT_EQ(client.shown(), one.shown);
      auto received = proxy_.Receive();
      ASSERT_TRUE(received.message.has_connection());
      const auto& connection = received.message.connection();
      ASSERT_TRUE(received.socket);
      EXPECT_EQ(connection.request_id(), 0u);
      EXPECT_EQ(connection.listener().address(), "127.0.0.1");
      EXPECT_EQ(connection.listener().port(), tls_.port());
      EXPECT_EQ(connection.facts().server_name(), one.name);
      EXPECT_FALSE(connection.facts().resumed());
      EXPECT_EQ(connection.partial_record(), "");
      ExpectSameKeys(connection.keys(), client.ssl());
      if (byte_by_byte) continue;
      RecordStream stream(connection, std::move(received.socket));
      char text[5] = {};
      ASSERT_TRUE(stream.Write("hello"));
      EXPECT_EQ(SSL_read(client.ssl(), text, sizeof text), 5);
      EXPECT_EQ(std::string(text, 5), "hello");
      EXPECT_EQ(SSL_write(client.ssl(), "howdy", 5), 5);
      EXPECT_EQ(stream.Read(5), "howdy");
    }
  }
  EXPECT_EQ(tls_.Stats().duration().count(), 2 * std::size(cases));
  EXPECT_TRUE(tls_.Stats().failed_total().empty());
}

TEST_F(HandshakeTest, ProfilesDecideWhatIsSpoken) {
  tls_.AddListener({"rsa"}, TLS_PROFILE_MODERN);
  tls_.AddListener({"rsa"}, TLS_PROFILE_INTERMEDIATE);
  tls_.Apply();
  const auto speaks = [&](int listener, uint16_t version, const std::string& suites) {
    const bool done =
        TestClient(tls_.port(listener), {.version = version, .suites = suites}).Connect();
    if (done) proxy_.Receive();
    return done;
  };
  EXPECT_TRUE(speaks(0, TLS1_3_VERSION, ""));
  EXPECT_FALSE(speaks(0, TLS1_2_VERSION, ""));
  EXPECT_TRUE(speaks(1, TLS1_3_VERSION, ""));
  EXPECT_TRUE(speaks(1, TLS1_2_VERSION, ""));
  EXPECT_FALSE(speaks(1, TLS1_1_VERSION, ""));
  EXPECT_FALSE(speaks(1, TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA"));
  // Static RSA: it must be refused, not end the process.
  EXPECT_FALSE(speaks(1, TLS1_2_VERSION, "AES128-GCM-SHA256"));
  EXPECT_EQ(tls_.Failed("no_shared_version", 0), 1u);
  EXPECT_EQ(tls_.Failed("no_shared_version", 1), 1u);
  EXPECT_EQ(tls_.Failed("no_shared_cipher", 1), 2u);
}

TEST_F(HandshakeTest, KeyKindFollowsWhatTheClientCanVerify) {
  tls_.AddListener({"ecdsa", "rsa"}, TLS_PROFILE_INTERMEDIATE);
  tls_.Apply();
  const auto shown = [&](uint16_t version, const std::string& suites,
                         const std::vector<uint16_t>& algorithms, const std::string& name) {
    TestClient client(tls_.port(), {.version = version,
                                    .suites = suites,
                                    .server_name = name,
                                    .verify_algorithms = algorithms});
    return client.Connect() ? client.shown() : "failed";
  };
  const std::vector<uint16_t> rsa = {SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PKCS1_SHA256};
  EXPECT_EQ(shown(TLS1_3_VERSION, "", {}, "both.test"), "ecdsa.test");
  EXPECT_EQ(shown(TLS1_3_VERSION, "", rsa, "both.test"), "rsa.test");
  EXPECT_EQ(shown(TLS1_2_VERSION, "", {}, "both.test"), "ecdsa.test");
  EXPECT_EQ(shown(TLS1_2_VERSION, "", rsa, "both.test"), "rsa.test");
  EXPECT_EQ(shown(TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", {}, "both.test"), "rsa.test");
  // A suite that only another profile has does not count.
  EXPECT_EQ(shown(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256", {}, ""),
            "rsa.test");
  // No name, or one that nothing fits: the first of all.
  EXPECT_EQ(shown(TLS1_3_VERSION, "", {}, ""), "ecdsa.test");
  EXPECT_EQ(shown(TLS1_3_VERSION, "", {}, "other.test"), "ecdsa.test");
  EXPECT_EQ(shown(TLS1_3_VERSION, "", {}, "rsa.test"), "rsa.test");
}

TEST_F(HandshakeTest, AlpnIsAgreedOrRefused) {
  tls_.AddListener({"ecdsa"}, TLS_PROFILE_INTERMEDIATE).add_alpn("http/1.1");
  tls_.AddListener({"ecdsa"}, TLS_PROFILE_INTERMEDIATE);
  tls_.Apply();
  const auto agreed = [&](int listener, const std::vector<std::string>& offered) {
    TestClient client(tls_.port(listener), {.alpn = offered});
    if (!client.Connect()) return std::string("refused");
    return proxy_.Receive().message.connection().facts().alpn();
  };
  EXPECT_EQ(agreed(0, {"h2", "http/1.1"}), "http/1.1");
  EXPECT_EQ(agreed(0, {}), "");
  EXPECT_EQ(agreed(0, {"h2"}), "refused");
  EXPECT_EQ(tls_.Failed("no_shared_alpn", 0), 1u);
  EXPECT_EQ(agreed(1, {"imap"}), "");
}

TEST_F(HandshakeTest, OcspResponseIsStapled) {
  tls_.snapshot.mutable_certificates(1)->set_ocsp_response("a response");
  tls_.AddListener({"ecdsa"}, TLS_PROFILE_INTERMEDIATE);
  tls_.Apply();
  TestClient client(tls_.port(), {});
  ASSERT_TRUE(client.Connect());
  const uint8_t* response = nullptr;
  size_t size = 0;
  SSL_get0_ocsp_response(client.ssl(), &response, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(response), size), "a response");
}

TEST_F(HandshakeTest, BytesBehindTheHandshakeAreHandedOver) {
  tls_.AddListener({"ecdsa"}, TLS_PROFILE_INTERMEDIATE);
  tls_.Apply();
  for (const uint16_t version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TestClient client(tls_.port(), {.version = version});
    std::string records;
    // The last flight of TLS 1.3 is the client's: data leaves with it, in one piece.
    ASSERT_TRUE(client.ConnectBy([&](std::string_view flight, bool last) {
      if (last && version == TLS1_3_VERSION) records = client.Sealed("hello");
      const std::string bytes = std::string(flight) + records;
      return send(client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(bytes.size());
    }));
    const auto received = proxy_.Receive();
    EXPECT_EQ(received.message.connection().partial_record(), records);
  }
}

}  // namespace
}  // namespace aloha::tls
