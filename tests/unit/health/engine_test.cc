// Probes against small servers on loopback sockets.
#include "workers/health/engine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <asio/io_context.hpp>
#include <functional>
#include <map>

#include "tests/unit/health/fake_server.h"

namespace aloha::health {
namespace {

using namespace std::chrono_literals;
using worker::v1::CHECK_STATE_DOWN;
using worker::v1::CHECK_STATE_UP;
using End = FakeServerScript::End;

constexpr char kHttpOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct EngineTest : testing::Test {
  asio::io_context loop{1};
  std::unique_ptr<TlsClient> tls = std::move(*TlsClient::Make());
  worker::v1::HealthSnapshot snapshot;
  int num_results = 0;
  Engine engine{loop, *tls, [this](size_t, worker::v1::CheckState) { ++num_results; }};

  worker::v1::Check* Add(uint16_t port) {
    worker::v1::Check* check = snapshot.add_checks();
    check->set_id("check " + std::to_string(snapshot.checks_size()));
    check->set_address("127.0.0.1");
    check->set_port(port);
    check->set_interval_ms(20);
    check->set_timeout_ms(5000);
    check->set_rise(1);
    check->set_fall(1);
    return check;
  }

  void Apply() {
    auto plan = MakePlan(snapshot);
    ASSERT_TRUE(plan) << plan.error().message;
    engine.Apply(std::move(plan->checks));
  }

  bool RunUntil(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < end) loop.run_one_for(100ms);
    return done();
  }

  const CheckTrack& track(size_t check) { return engine.checker().track(check); }

  // The first result of the one check.
  std::string Reason() {
    Apply();
    EXPECT_TRUE(RunUntil([this] { return track(0).num_results() > 0; }));
    return *track(0).result(track(0).num_results() - 1).reason;
  }
};

TEST_F(EngineTest, TcpConnects) {
  FakeServer server({.end = End::kStall});
  Add(server.port())->mutable_tcp();
  EXPECT_EQ(Reason(), "connected");
  EXPECT_TRUE(RunUntil([this] { return num_results > 20; }));
  EXPECT_EQ(track(0).state(), CHECK_STATE_UP);
}

TEST_F(EngineTest, ConnectionRefused) {
  Add(UnusedPort())->mutable_tcp();
  EXPECT_EQ(Reason(), "connection refused");
  EXPECT_EQ(track(0).state(), CHECK_STATE_DOWN);
}

TEST_F(EngineTest, EveryProtocolOverIpv4) {
  FakeServer imap({.says = {"* OK hi\r\n"}});
  FakeServer pop3({.says = {"+OK hi\r\n"}, .end = End::kStall});
  FakeServer smtp({.says = {"220 hi\r\n", "250-a\r\n250 b\r\n", "221 bye\r\n"}});
  std::string ack("\5\0\x0c\3\x10\0\0\0\x38\0\0\0\1\0\0\0", 16);
  ack += std::string("\xd0\x16\xd0\x16\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 20) + std::string(20, 's');
  FakeServer mapper({.says = {ack}, .greets = false});
  FakeServer http({.says = {kHttpOk}, .greets = false});
  Add(imap.port())->mutable_imap();
  Add(pop3.port())->mutable_pop3();
  Add(smtp.port())->mutable_smtp();
  Add(mapper.port())->mutable_endpoint_mapper();
  worker::v1::HttpCheck* get = Add(http.port())->mutable_http();
  get->set_method("GET");
  get->set_path("/");
  get->set_expect_body("ok");
  Apply();
  EXPECT_TRUE(RunUntil([this] { return num_results > 100; }));
  const char* reasons[] = {"* OK", "+OK", "250", "bind accepted", "status 200, text found"};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(track(i).state(), CHECK_STATE_UP) << i;
    EXPECT_EQ(track(i).reason(), reasons[i]);
  }
}

TEST_F(EngineTest, MailAndHttpInsideTls) {
  FakeServer imap({.says = {"* OK hi\r\n"}, .tls = true});
  FakeServer http({.says = {kHttpOk}, .greets = false, .tls = true});
  worker::v1::Check* imaps = Add(imap.port());
  imaps->mutable_imap();
  imaps->mutable_tls()->set_server_name("mail.example.org");
  worker::v1::Check* https = Add(http.port());
  https->mutable_tls();
  https->mutable_http()->set_method("GET");
  https->mutable_http()->set_path("/");
  https->mutable_http()->set_expect_body("ok");
  Apply();
  EXPECT_TRUE(
      RunUntil([this] { return track(0).num_results() > 5 && track(1).num_results() > 5; }));
  EXPECT_EQ(track(0).state(), CHECK_STATE_UP) << track(0).reason();
  EXPECT_EQ(track(1).state(), CHECK_STATE_UP) << track(1).reason();
  EXPECT_GT(http.resumed(), 0);
}

TEST_F(EngineTest, TlsToAServerWithoutIt) {
  FakeServer server({.says = {"* OK plain\r\n"}, .end = End::kStall});
  worker::v1::Check* check = Add(server.port());
  check->mutable_imap();
  check->mutable_tls();
  EXPECT_EQ(Reason(), "TLS handshake failed: wrong version number");
}

TEST_F(EngineTest, TlsClosedInTheHandshake) {
  FakeServer server({.says = {""}, .greets = false});
  worker::v1::Check* check = Add(server.port());
  check->mutable_tcp();
  check->mutable_tls();
  EXPECT_EQ(Reason(), "connection closed before the end of the TLS handshake");
}

TEST_F(EngineTest, SilenceIsNoAnswer) {
  FakeServer server({.end = End::kStall});
  worker::v1::Check* check = Add(server.port());
  check->mutable_pop3();
  check->set_timeout_ms(50);
  EXPECT_EQ(Reason(), "no greeting within 50ms");
}

TEST_F(EngineTest, ASilentTlsServer) {
  FakeServer server({.end = End::kStall});
  worker::v1::Check* check = Add(server.port());
  check->mutable_imap();
  check->mutable_tls();
  check->set_timeout_ms(50);
  EXPECT_EQ(Reason(), "no end of the TLS handshake within 50ms");
}

TEST_F(EngineTest, Reset) {
  FakeServer server({.says = {"220 hi\r\n"}, .end = End::kReset});
  Add(server.port())->mutable_smtp();
  // The reset may come before the greeting was read, and before or after EHLO was sent.
  EXPECT_TRUE(Reason().starts_with("connection reset")) << Reason();
}

TEST_F(EngineTest, AnEndlessAnswerIsBounded) {
  FakeServer server({.says = {"HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x')},
                     .greets = false,
                     .end = End::kStall});
  worker::v1::HttpCheck* http = Add(server.port())->mutable_http();
  http->set_method("GET");
  http->set_path("/");
  http->set_expect_body("never");
  EXPECT_EQ(Reason(), "body does not contain \"never\"");
}

TEST_F(EngineTest, NoDescriptorIsNotTheServersFault) {
  FakeServer server({.says = {"* OK hi\r\n"}});
  worker::v1::Check* check = Add(server.port());
  check->mutable_imap();
  Apply();
  ASSERT_TRUE(RunUntil([this] { return track(0).state() == CHECK_STATE_UP; }));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  num_results = 0;
  EXPECT_TRUE(RunUntil([this] { return num_results > 5; }));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(track(0).state(), CHECK_STATE_UP);
  EXPECT_EQ(*track(0).result(0).reason, "cannot probe: no descriptor");
}

TEST_F(EngineTest, NoticesAServerThatDiesAndComesBack) {
  auto server = std::make_unique<FakeServer>(FakeServerScript{.says = {"* OK hi\r\n"}});
  Add(server->port())->mutable_imap();
  Apply();
  ASSERT_TRUE(RunUntil([this] { return track(0).state() == CHECK_STATE_UP; }));
  server.reset();
  EXPECT_TRUE(RunUntil([this] { return track(0).state() == CHECK_STATE_DOWN; }));
}

TEST_F(EngineTest, ManyChecksChangeWhileTheyRun) {
  FakeServer server({.says = {kHttpOk}, .greets = false});
  FakeServer silent({.end = End::kStall});
  for (int i = 0; i < 200; ++i) {
    worker::v1::Check* check = Add(i % 2 == 0 ? server.port() : silent.port());
    check->mutable_http()->set_method("HEAD");
    check->mutable_http()->set_path("/");
    check->set_timeout_ms(200);
  }
  for (int round = 0; round < 10; ++round) {
    Apply();
    num_results = 0;
    EXPECT_TRUE(RunUntil([this] { return num_results > 100; }));
    snapshot.mutable_checks()->DeleteSubrange(0, 10);
    snapshot.mutable_checks(5)->set_port(UnusedPort());
  }
  engine.Stop();
  loop.run_for(50ms);
}

}  // namespace
}  // namespace aloha::health
