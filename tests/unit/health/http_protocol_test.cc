#include "workers/health/http_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/health/dialogue_script.h"

namespace aloha::health {
namespace {

worker::v1::Check HttpCheck(const std::string& body = {}) {
  worker::v1::Check check;
  check.set_address("10.0.0.15");
  check.set_port(80);
  check.mutable_http()->set_method("GET");
  check.mutable_http()->set_path("/owa/healthcheck.htm");
  check.mutable_http()->set_expect_body(body);
  return check;
}

TEST(HttpDialogue, AsksAndTakesTheStatus) {
  const auto http = MakeDialogue(HttpCheck());
  const Ending good = Play(*http, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n");
  EXPECT_EQ(good.reason, "status 200");
  EXPECT_EQ(good.sent,
            "GET /owa/healthcheck.htm HTTP/1.1\r\nHost: 10.0.0.15\r\nUser-Agent: aloha-health\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Play(*http, "HTTP/1.1 302 Found\r\n\r\nbody").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*http, "HTTP/1.0 200\n\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*http, "HTTP/1.1 503 Service Unavailable\r\n\r\n").reason,
            "status 503, expected 200 to 399");
  EXPECT_EQ(Play(*http, "HTTP/1.1 401 U\r\n\r\n").verdict, Verdict::kFailure);
}

TEST(HttpDialogue, TakesTheStatusesListed) {
  worker::v1::Check check = HttpCheck();
  check.mutable_http()->add_expect_status(200);
  check.mutable_http()->add_expect_status(401);
  const auto http = MakeDialogue(check);
  EXPECT_EQ(Play(*http, "HTTP/1.1 401 Unauthorized\r\n\r\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*http, "HTTP/1.1 302 Found\r\n\r\n").reason, "status 302, expected 200 or 401");
}

TEST(HttpDialogue, SkipsInterimResponses) {
  const auto http = MakeDialogue(HttpCheck());
  EXPECT_EQ(Play(*http,
                 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n"
                 "HTTP/1.1 500 Oh\r\n\r\n")
                .reason,
            "status 500, expected 200 to 399");
}

TEST(HttpDialogue, RefusesWhatIsNotHttp) {
  const auto http = MakeDialogue(HttpCheck());
  EXPECT_EQ(Play(*http, "SSH-2.0-OpenSSH\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(RunPieces(*http, "SSH-2.0-OpenSSH\r\n", false, 99).reason,
            "answer was \"SSH-2.0-OpenSSH\\x0d\\x0a\", not HTTP");
  EXPECT_EQ(Play(*http, "HTTP/1.1 20 OK\r\n\r\n").reason, "status line was \"HTTP/1.1 20 OK\"");
  EXPECT_EQ(Play(*http, "HTTP/2 200\r\n\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*http, "HTTP/1.1 2000 X\r\n\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*http, "HTTP/1.1 -12 X\r\n\r\n").verdict, Verdict::kFailure);
}

TEST(HttpDialogue, WantsAWholeHeadWithinItsBound) {
  const auto http = MakeDialogue(HttpCheck());
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\n").verdict, Verdict::kMore);
  EXPECT_EQ(http->awaited(), "answer");
  EXPECT_EQ(Play(*http, "", true).reason, "connection closed before the answer");
  EXPECT_EQ(Play(*http, "HTTP/1.1 200", true).reason,
            "connection closed in the head of the answer \"HTTP/1.1 200\"");
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(kMaxHead, 'x');
  EXPECT_EQ(Play(*http, endless).reason, "head of the answer is longer than 16 KiB");
}

TEST(HttpDialogue, FindsTextInEveryFraming) {
  const auto http = MakeDialogue(HttpCheck("200 OK CAS1"));
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n  200 OK CAS1  ").reason,
            "status 200, text found");
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\n\r\nxx 200 OK CAS1").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*http,
                 "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n"
                 "5;x=y\r\n200 O\r\n06 \r\nK CAS1\r\n0\r\n\r\n")
                .verdict,
            Verdict::kSuccess);
}

TEST(HttpDialogue, SaysWhyTextWasNotFound) {
  const auto http = MakeDialogue(HttpCheck("alive"));
  const std::string missing = "body does not contain \"alive\"";
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\naliv e").reason, missing);
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").reason, missing);
  EXPECT_EQ(Play(*http, "HTTP/1.1 204 No\r\n\r\nalive").reason, missing);
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\n\r\nali", true).reason, missing);
  EXPECT_EQ(Play(*http, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nali", true).reason,
            "connection closed in the body, before \"alive\"");
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Play(*http, chunked + "3\r\nali\r\n0\r\n\r\n").reason, missing);
  EXPECT_EQ(Play(*http, chunked + "zz\r\n").reason, "chunked body is malformed");
  EXPECT_EQ(Play(*http, chunked + "fffffffff\r\n").reason, "chunked body is malformed");
  EXPECT_EQ(Play(*http, chunked + "3\r\naliXve").reason, "chunked body is malformed");
  EXPECT_EQ(http->awaited(), "end of the body");
}

TEST(HttpDialogue, LooksAtTheFirst64KiBOfBody) {
  const auto http = MakeDialogue(HttpCheck("alive"));
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_EQ(Play(*http, head + std::string(kMaxBody - 5, '.') + "alive").verdict,
            Verdict::kSuccess);
  EXPECT_EQ(Play(*http, head + std::string(kMaxBody - 4, '.') + "alive").verdict,
            Verdict::kFailure);
}

TEST(HttpAuthority, NamesThePortWhereItIsNotTheUsualOne) {
  worker::v1::Check check = HttpCheck();
  EXPECT_EQ(HttpAuthority(check), "10.0.0.15");
  check.mutable_tls();
  EXPECT_EQ(HttpAuthority(check), "10.0.0.15:80");
  check.set_port(443);
  check.set_address("2001:db8::1");
  EXPECT_EQ(HttpAuthority(check), "[2001:db8::1]");
  check.mutable_http()->set_host("mail.example.org");
  EXPECT_EQ(HttpAuthority(check), "mail.example.org");
}

}  // namespace
}  // namespace aloha::health
