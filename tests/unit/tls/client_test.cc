// Handshakes with servers, on request of the proxy.
#include <gtest/gtest.h>
#include <openssl/nid.h>

#include <optional>

#include "tests/unit/tls/harness.h"

namespace aloha::tls {
namespace {

constexpr int kP256 = NID_X9_62_prime256v1;

class ClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ca_ = new TestCertificate(TestCertificate::Make("ca", kP256, {}));
    rsa_ = new TestCertificate(
        TestCertificate::Make("rsa", 0, {"mail.test", "*.wild.test", "@127.0.0.1"}, ca_));
    ecdsa_ = new TestCertificate(TestCertificate::Make("ecdsa", kP256, {"mail.test"}, ca_));
    shown_ = new TestCertificate(TestCertificate::Make("shown", kP256, {"client.test"}));
  }

  void SetUp() override {
    tls_.engine().SetKeys(keys_.TakeSocket());
    tls_.engine().SetProxy(proxy_.TakeSocket());
    *tls_.snapshot.add_certificates() = shown_->message;
  }

  worker::v1::TlsServer& AddServer(const std::string& name, worker::v1::ServerVerify verify) {
    auto& server = *tls_.snapshot.add_servers();
    server.set_name(name);
    server.set_verify(verify);
    if (verify == worker::v1::SERVER_VERIFY_CA) server.add_trust_anchors(ca_->message.chain(0));
    return server;
  }

  // Connects to the server, as the proxy does, and asks for the handshake.
  FakeProxy::Received Ask(const FakeServer& server, const std::string& settings) {
    const UniqueFd socket = ConnectTo(server.port());
    handoff::v1::ToTls request;
    request.mutable_handshake()->set_request_id(++last_request_);
    request.mutable_handshake()->set_connect(settings);
    request.mutable_handshake()->set_timeout_ms(20'000);
    proxy_.Send(request, socket.get());
    auto received = proxy_.Receive();
    const auto& message = received.message;
    EXPECT_EQ(
        message.has_failed() ? message.failed().request_id() : message.connection().request_id(),
        last_request_);
    return received;
  }
  // What became of it: "done", or why not.
  std::string Outcome(const FakeServer& server, const std::string& settings) {
    const auto received = Ask(server, settings);
    const auto& failed = received.message.failed();
    if (received.message.has_connection()) return "done";
    EXPECT_FALSE(received.socket);
    return (failed.untrusted() ? "untrusted: " : "") + failed.reason();
  }
  worker::v1::HandshakeStats Stats(int server = 0) {
    worker::v1::GetTlsStatsResponse stats;
    tls_.engine().GetStats(stats);
    return stats.servers(server).handshakes();
  }

  static TestCertificate *ca_, *rsa_, *ecdsa_, *shown_;
  FakeKeys keys_{{shown_}};
  FakeProxy proxy_;
  TestTls tls_;
  uint64_t last_request_ = 0;
};
TestCertificate *ClientTest::ca_, *ClientTest::rsa_, *ClientTest::ecdsa_, *ClientTest::shown_;

TEST_F(ClientTest, EverySuiteCarriesData) {
  AddServer("s", worker::v1::SERVER_VERIFY_CA).set_server_name("mail.test");
  tls_.Apply();
  const struct {
    uint16_t version;
    const TestCertificate* certificate;
    const char* suites;
  } cases[] = {
      {TLS1_3_VERSION, rsa_, ""},
      {TLS1_3_VERSION, ecdsa_, ""},
      {TLS1_2_VERSION, rsa_, "ECDHE-RSA-AES128-GCM-SHA256"},
      {TLS1_2_VERSION, rsa_, "ECDHE-RSA-AES256-GCM-SHA384"},
      {TLS1_2_VERSION, rsa_, "ECDHE-RSA-CHACHA20-POLY1305"},
      {TLS1_2_VERSION, ecdsa_, "ECDHE-ECDSA-AES128-GCM-SHA256"},
      {TLS1_2_VERSION, rsa_, "ECDHE-RSA-AES128-SHA"},
      {TLS1_2_VERSION, ecdsa_, "ECDHE-ECDSA-AES256-SHA"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(testing::Message() << std::hex << one.version << " " << one.suites);
    const FakeServer server(
        {.certificate = one.certificate, .version = one.version, .suites = one.suites});
    auto received = Ask(server, "s");
    ASSERT_TRUE(received.message.has_connection()) << received.message.failed().reason();
    const auto& connection = received.message.connection();
    EXPECT_TRUE(connection.keys().client());
    EXPECT_FALSE(connection.has_listener());
    RecordStream stream(connection, std::move(received.socket));
    EXPECT_EQ(stream.Read(2), "hi");
    EXPECT_TRUE(stream.Write("hello"));
    EXPECT_EQ(stream.Read(5), "hello");
    EXPECT_EQ(server.names(), std::vector<std::string>{"mail.test"});
  }
  EXPECT_EQ(Stats().duration().count(), std::size(cases));
}

TEST_F(ClientTest, AuthoritiesAndNamesAreVerified) {
  AddServer("name", worker::v1::SERVER_VERIFY_CA).set_server_name("mail.test");
  AddServer("wild", worker::v1::SERVER_VERIFY_CA).set_server_name("a.wild.test");
  AddServer("address", worker::v1::SERVER_VERIFY_CA);
  AddServer("literal", worker::v1::SERVER_VERIFY_CA).set_server_name("127.0.0.1");
  AddServer("other", worker::v1::SERVER_VERIFY_CA).set_server_name("other.test");
  AddServer("literal6", worker::v1::SERVER_VERIFY_CA).set_server_name("::1");
  tls_.Apply();
  {
    const FakeServer server({.certificate = rsa_});
    EXPECT_EQ(Outcome(server, "name"), "done");
    EXPECT_EQ(Outcome(server, "wild"), "done");
    EXPECT_EQ(Outcome(server, "address"), "done");
    EXPECT_EQ(Outcome(server, "literal"), "done");
    const std::vector<std::string> names = {"mail.test", "a.wild.test", "", ""};
    EXPECT_TRUE(TestTls::Eventually([&] { return server.names() == names; }));
    EXPECT_EQ(Outcome(server, "other"), "untrusted: certificate verify failed: Hostname mismatch");
    EXPECT_EQ(Outcome(server, "literal6"),
              "untrusted: certificate verify failed: IP address mismatch");
    EXPECT_EQ(Stats(4).failed_total().at("untrusted"), 1u);
  }
  const FakeServer no_address({.certificate = ecdsa_});
  EXPECT_EQ(Outcome(no_address, "address"),
            "untrusted: certificate verify failed: IP address mismatch");
  const FakeServer self_signed({.certificate = shown_});
  EXPECT_TRUE(Outcome(self_signed, "name").starts_with("untrusted: certificate verify failed: "));
  const auto expired = TestCertificate::Make("old", kP256, {"mail.test"}, ca_, -1);
  const FakeServer old({.certificate = &expired});
  EXPECT_EQ(Outcome(old, "name"), "untrusted: certificate verify failed: certificate has expired");
  EXPECT_EQ(Outcome(old, "no such"), "no TLS settings of that name");
}

TEST_F(ClientTest, PinsCountAlone) {
  AddServer("pin", worker::v1::SERVER_VERIFY_PIN).set_pin_sha256(shown_->message.key());
  AddServer("other", worker::v1::SERVER_VERIFY_PIN).set_pin_sha256(rsa_->message.key());
  AddServer("none", worker::v1::SERVER_VERIFY_NONE);
  tls_.Apply();
  const FakeServer server({.certificate = shown_});
  EXPECT_EQ(Outcome(server, "pin"), "done");
  EXPECT_EQ(Outcome(server, "other"),
            "untrusted: certificate verify failed: its key is not the pinned one");
  EXPECT_EQ(Outcome(server, "none"), "done");
}

TEST_F(ClientTest, OldVersionsAreRefused) {
  AddServer("none", worker::v1::SERVER_VERIFY_NONE);
  tls_.Apply();
  const FakeServer server({.certificate = rsa_, .version = TLS1_1_VERSION});
  const std::string outcome = Outcome(server, "none");
  EXPECT_TRUE(outcome.starts_with("tlsv1 alert protocol version")) << outcome;
}

TEST_F(ClientTest, SessionsResume) {
  AddServer("s", worker::v1::SERVER_VERIFY_CA).set_server_name("mail.test");
  tls_.Apply();
  for (const uint16_t version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls_.snapshot.mutable_servers(0)->clear_alpn();
    tls_.Apply();
    const FakeServer server({.certificate = rsa_, .version = version});
    auto first = Ask(server, "s");
    ASSERT_TRUE(first.message.has_connection());
    EXPECT_FALSE(first.message.connection().facts().resumed());
    std::optional<RecordStream> stream;
    stream.emplace(first.message.connection(), std::move(first.socket));
    EXPECT_EQ(stream->Read(2), "hi");
    const std::string message = stream->ticket();
    stream.reset();  // the server serves one at a time
    if (version == TLS1_3_VERSION) {
      EXPECT_FALSE(message.empty());
      handoff::v1::ToTls ticket;
      ticket.mutable_ticket()->set_request_id(last_request_);
      ticket.mutable_ticket()->set_message(message);
      proxy_.Send(ticket, -1);
    }
    const auto resumes = [&] { return Ask(server, "s").message.connection().facts().resumed(); };
    // One thread may have the ticket in hand while another has the next request.
    EXPECT_TRUE(TestTls::Eventually(resumes));
    EXPECT_TRUE(resumes());
    tls_.Apply();  // the same settings keep the sessions
    EXPECT_TRUE(resumes());
    tls_.snapshot.mutable_servers(0)->add_alpn("http/1.1");  // others do not
    tls_.Apply();
    EXPECT_FALSE(resumes());
  }
}

TEST_F(ClientTest, CertificateIsShownOnRequest) {
  AddServer("s", worker::v1::SERVER_VERIFY_NONE).set_certificate("shown");
  tls_.Apply();
  const FakeServer asking({.certificate = rsa_, .asks_for_certificate = true});
  EXPECT_EQ(Outcome(asking, "s"), "done");
  EXPECT_TRUE(TestTls::Eventually([&] { return asking.shown() == "client.test"; }));
  EXPECT_EQ(keys_.asked(), 1);
  const FakeServer older(
      {.certificate = rsa_, .version = TLS1_2_VERSION, .asks_for_certificate = true});
  EXPECT_EQ(Outcome(older, "s"), "done");
  EXPECT_TRUE(TestTls::Eventually([&] { return older.names().size() == 1; }));
  EXPECT_EQ(older.shown(), "");
  EXPECT_EQ(keys_.asked(), 1);
}

TEST_F(ClientTest, ServersThatAreNoneFail) {
  AddServer("s", worker::v1::SERVER_VERIFY_NONE);
  tls_.Apply();
  uint16_t port = 0;
  const UniqueFd listening = ListenAnywhere(port);
  const UniqueFd ours = ConnectTo(port);
  const UniqueFd theirs(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  handoff::v1::ToTls request;
  request.mutable_handshake()->set_request_id(1);
  request.mutable_handshake()->set_connect("s");
  request.mutable_handshake()->set_timeout_ms(20'000);
  proxy_.Send(request, ours.get());
  ASSERT_EQ(send(theirs.get(), "220 mail.test ESMTP\r\n", 21, MSG_NOSIGNAL), 21);
  EXPECT_EQ(proxy_.Receive().message.failed().reason(), "wrong version number");
}

TEST_F(ClientTest, ErrorsNameTheField) {
  const auto refused = [&](auto change) {
    auto& server = AddServer("s", worker::v1::SERVER_VERIFY_CA);
    change(server);
    const auto prepared = tls_.Prepare();
    tls_.snapshot.clear_servers();
    return prepared ? "accepted" : prepared.error().field;
  };
  EXPECT_EQ(refused([](auto&) {}), "accepted");
  EXPECT_EQ(refused([](auto& s) { s.clear_name(); }), "servers");
  EXPECT_EQ(refused([](auto& s) { s.clear_verify(); }), "servers[s].verify");
  EXPECT_EQ(refused([](auto& s) { s.clear_trust_anchors(); }), "servers[s].trust_anchors");
  EXPECT_EQ(refused([](auto& s) { s.add_trust_anchors("x"); }), "servers[s].trust_anchors[1]");
  EXPECT_EQ(refused([](auto& s) { s.set_verify(worker::v1::SERVER_VERIFY_PIN); }),
            "servers[s].pin_sha256");
  EXPECT_EQ(refused([](auto& s) { s.set_server_name(std::string(256, 'a')); }),
            "servers[s].server_name");
  EXPECT_EQ(refused([](auto& s) { s.add_alpn(std::string(256, 'a')); }), "servers[s].alpn");
  EXPECT_EQ(refused([](auto& s) { s.set_certificate("none"); }), "servers[s].certificate");
}

}  // namespace
}  // namespace aloha::tls
