#include "wui/server/web_server.h"

#include <gmock/gmock.h>

#include <vector>

#include "tests/unit/wui/listener.h"
#include "tests/unit/wui/web_fixture.h"
#include "wui/server/client_table.h"
#include "wui/server/connect.h"
#include "wui/server/tls_connection.h"

namespace aloha::wui {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kHealth[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string Post(const std::string& method, const std::string& body,
                 const std::string& fields = "Content-Type: application/json\r\n") {
  return "POST /aloha.admin.v1." + method + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Watch(const std::string& json) {
  return Post("Events/WatchEvents", Envelope(0, json),
              "Content-Type: application/connect+json\r\n");
}

TEST_F(WebServerTest, AnswersOneRequestAfterTheOther) {
  TestBrowser browser(port_);
  ASSERT_TRUE(browser.connected());
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(browser.Ask(kHealth),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\nok\n"),
                      HasSubstr("\r\nContent-Security-Policy: default-src 'none'; "),
                      HasSubstr("\r\nStrict-Transport-Security: ")));
  }
  EXPECT_THAT(browser.Ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
              StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(browser.Ask("GET / HTTP/1.1\r\nHost: node7:4444\r\n\r\n"),
              HasSubstr("the pages are not installed"));
  browser.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(browser.Rest().ends_with("\r\n\r\nok\n"));
}

TEST_F(WebServerTest, TellsTheSupervisorWhoCallsAndTheBrowserItsSession) {
  TestBrowser browser(port_);
  const std::string answer = browser.Ask(
      Post("Services/ListServices", "{}",
           "Content-Type: application/json\r\nCookie: __Host-aloha=old\r\nX-Aloha-Request: 1\r\n"
           "aloha-subject: CN=ops\r\nUser-Agent: test\r\n"));
  EXPECT_THAT(answer,
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\"aloha-address=127.0.0.1\""),
                    HasSubstr("\"aloha-session=old\""), HasSubstr("\"aloha-user-agent=test\""),
                    testing::Not(HasSubstr("CN=ops"))));
  EXPECT_THAT(answer, HasSubstr("\r\nSet-Cookie: __Host-aloha=fresh; Path=/; Secure; HttpOnly; "
                                "SameSite=Strict; Max-Age=60\r\n"));
}

TEST_F(WebServerTest, ErrorsHaveTheirDetails) {
  TestBrowser browser(port_);
  EXPECT_THAT(browser.Ask(Post("Services/StopService", R"({"name":"haproxy"})")),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr(R"("code":"failed_precondition")"),
                    HasSubstr(R"("debug":{"reason":"REFUSED"})")));
  EXPECT_THAT(browser.Ask(Post("Services/StopService", R"({"nam":1})")),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(browser.Ask(Post("Services/Nothing", "{}")), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(browser.Ask(Post("Services/ListServices", "{}", "Content-Type: text/plain\r\n")),
              StartsWith("HTTP/1.1 415 "));
  OnLoop([this] { backend_.SetChannel(nullptr); });
  EXPECT_THAT(browser.Ask(Post("Services/ListServices", "{}")),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr(R"("code":"unavailable")")));
  EXPECT_THAT(browser.Ask(kHealth), StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServerTest, StreamsUntilTheEnd) {
  TestBrowser browser(port_);
  browser.Send(Watch(R"({"backlog":500})"));
  const std::string answer = browser.Until("\r\n0\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\"event 1\""),
                            HasSubstr("\"event 500\""), HasSubstr(Envelope(kEndOfStream, "{}"))));
}

TEST_F(WebServerTest, AStreamEndsWithItsBrowser) {
  TestBrowser browser(port_);
  browser.Send(Watch("{}"));
  browser.Until("event 3");
  EXPECT_EQ(supervisor_.streams(), 1);
  browser.Close();
  for (int i = 0; i < 500 && supervisor_.streams() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(supervisor_.streams(), 0);
}

TEST_F(WebServerTest, RefusesWhatHasTwoMeaningsAndEnds) {
  TestBrowser browser(port_);
  browser.Send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
      std::string(kHealth));
  const std::string answer = browser.Rest();
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close"),
                            testing::Not(HasSubstr("ok\n"))));
  EXPECT_THAT(answer, testing::Not(HasSubstr("without close_notify")));
}

TEST_F(WebServerTest, HandshakesWaitForTheNextSigner) {
  OnLoop([this] { keys_->Use(UniqueFd()); });
  bool connected = false;
  std::thread client([&] { connected = TestBrowser(port_).connected(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  UniqueFd channel = signer_.Connect();
  OnLoop([&] { keys_->Use(std::move(channel)); });
  client.join();
  EXPECT_TRUE(connected);
}

TEST_F(WebServerTest, ANewCertificateIsForNewConnections) {
  TestBrowser before(port_);
  ASSERT_THAT(before.Ask(kHealth), StartsWith("HTTP/1.1 200 "));
  const TestIdentity next = MakeIdentity();
  TestSigner signer(next);
  const auto settings = MakeTlsSettings(next.certificate, TlsConnection::kKeyMethod, "");
  UniqueFd channel = signer.Connect();
  OnLoop([&] {
    keys_->Use(std::move(channel));
    server_->SetTls(*settings);
  });
  TestBrowser after(port_);
  EXPECT_TRUE(after.connected());
  EXPECT_THAT(before.Ask(kHealth), StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServerTest, ManySilentConnectionsOfOneClientAreInNobodysWay) {
  TestBrowser busy(port_);
  busy.Send(Watch("{}"));
  busy.Until("event 1");
  std::vector<UniqueFd> silent;
  for (size_t i = 0; i < 3 * ClientTable::kMaxPerClient; ++i) silent.push_back(Connect(port_));
  TestBrowser browser(port_);
  EXPECT_THAT(browser.Ask(kHealth), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(Exchange(silent[0], ""), "") << "it made room";
  EXPECT_THAT(busy.Until("event 30"), testing::Not(StartsWith("(ended)")));
}

TEST(TlsSettingsTest, RefuseWhatIsNoCertificateOrNotOfTheKey) {
  const auto make = [](const worker::v1::TlsCertificate& certificate) {
    return MakeTlsSettings(certificate, TlsConnection::kKeyMethod, "f");
  };
  TestIdentity identity = MakeIdentity();
  ASSERT_TRUE(make(identity.certificate));
  EXPECT_THAT((*make(identity.certificate))->names, testing::ElementsAre("node7"));
  worker::v1::TlsCertificate wrong = identity.certificate;
  wrong.set_key(std::string(32, 'x'));
  EXPECT_FALSE(make(wrong));
  wrong = identity.certificate;
  wrong.set_chain(0, "no certificate");
  EXPECT_FALSE(make(wrong));
  EXPECT_FALSE(make({}));
}

}  // namespace
}  // namespace aloha::wui
