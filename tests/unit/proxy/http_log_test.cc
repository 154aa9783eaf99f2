#include "workers/proxy/http_log.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>

namespace aloha::proxy {
namespace {

class HttpLogTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
    record_.accepted_us = 1'765'432'109'655'000;
    record_.frontend = "mail-http";
    record_.backend = "owa";
    record_.server = "CAS1";
    record_.request_ms = 10;
    record_.queue_ms = 0;
    record_.connect_ms = 30;
    record_.response_ms = 69;
    record_.total_ms = 109;
    record_.status = 200;
    record_.bytes_to_client = 2750;
    record_.bytes_from_client = 99;
    record_.process_sessions = 9;
    record_.frontend_sessions = 5;
    record_.backend_sessions = 4;
    record_.server_sessions = 2;
    record_.method = "GET";
    record_.target = "/owa/?a=b";
    record_.version = "HTTP/1.1";
  }
  std::string Line() {
    std::string out;
    AppendHttpLine(out, record_, clock_);
    return out;
  }
  std::string Json() {
    std::string out;
    AppendHttpJson(out, record_, clock_);
    return out;
  }

  net::Address client_ = net::Address::Parse("192.0.2.7", 51234).value();
  RequestRecord record_{client_};
  LogClock clock_;
};

TEST_F(HttpLogTest, TextIsHaproxysHttpFormat) {
  EXPECT_EQ(Line(),
            "192.0.2.7:51234 [11/Dec/2025:05:48:29.655] mail-http owa/CAS1 10/0/30/69/109 200 2750 "
            "- - ---- 9/5/4/2/0 0/0 \"GET /owa/?a=b HTTP/1.1\"");
}

TEST_F(HttpLogTest, AppendsToWhatIsThere) {
  std::string out = "<134>";
  AppendHttpLine(out, record_, clock_);
  EXPECT_EQ(out, "<134>" + Line());
}

TEST_F(HttpLogTest, BadRequest) {
  record_.server = record_.method = record_.target = record_.version = "";
  record_.backend = record_.frontend;
  record_.request_ms = record_.queue_ms = record_.connect_ms = record_.response_ms = -1;
  record_.total_ms = 1;
  record_.status = 400;
  record_.bytes_to_client = 187;
  record_.cause = 'P';
  record_.moment = 'R';
  record_.refused = "space before \":\"";
  EXPECT_EQ(Line(),
            "192.0.2.7:51234 [11/Dec/2025:05:48:29.655] mail-http mail-http/<NOSRV> -1/-1/-1/-1/1 "
            "400 187 - - PR-- 9/5/4/2/0 0/0 \"<BADREQ>\" reason:\"space before #22:#22\"");
}

TEST_F(HttpLogTest, CookiesRedispatchQueuesAndId) {
  record_.cookie_client = 'V';
  record_.cookie_server = 'N';
  record_.retries = 3;
  record_.redispatched = true;
  record_.server_queue = 7;
  record_.backend_queue = 8;
  record_.request_id = "0af7651916cd43dd8448eb211c80319c";
  EXPECT_NE(Line().find(" --VN 9/5/4/2/+3 7/8 \"GET"), std::string::npos);
  EXPECT_TRUE(Line().ends_with("HTTP/1.1\" id:0af7651916cd43dd8448eb211c80319c"));
}

TEST_F(HttpLogTest, TextEscapesAsHaproxy) {
  record_.target = "/a\"b\\c#d\x01\x7f\xc3\xa9\r\n e";
  EXPECT_NE(Line().find("GET /a#22b#5Cc#23d#01#7F#C3#A9#0D#0A e HTTP"), std::string::npos);
}

TEST_F(HttpLogTest, LongTargetsAreCut) {
  const std::string target(5'000, '\xff');
  record_.target = target;
  const std::string line = Line();
  size_t escapes = 0;
  for (size_t at = 0; (at = line.find("#FF", at)) != std::string::npos; at += 3) ++escapes;
  EXPECT_EQ(escapes, 1'024u);
  EXPECT_TRUE(line.ends_with("#FF HTTP/1.1\""));
}

TEST_F(HttpLogTest, Ipv6) {
  client_ = net::Address::Parse("2001:db8::1", 443).value();
  EXPECT_TRUE(Line().starts_with("2001:db8::1:443 ["));
  EXPECT_NE(Json().find(R"("client":"[2001:db8::1]:443")"), std::string::npos);
}

TEST_F(HttpLogTest, ClockFollowsTheSecond) {
  (void)Line();
  record_.accepted_us = 1'767'225'600'001'999;
  EXPECT_NE(Line().find("[01/Jan/2026:00:00:00.001]"), std::string::npos);
  EXPECT_TRUE(Json().starts_with(R"({"time":"2026-01-01T00:00:00.001Z")"));
}

TEST_F(HttpLogTest, Json) {
  record_.target = "/a\"b\\c\n\xc3\xa9#";
  record_.refused = "why";
  EXPECT_EQ(
      Json(),
      R"({"time":"2025-12-11T05:48:29.655Z","client":"192.0.2.7:51234","service":"mail-http",)"
      R"("backend":"owa","server":"CAS1","request_ms":10,"queue_ms":0,"connect_ms":30,)"
      R"("response_ms":69,"total_ms":109,"status":200,"bytes_from_client":99,)"
      R"("bytes_to_client":2750,"termination":"----","retries":0,"redispatched":false,)"
      R"("process_sessions":9,"service_sessions":5,"backend_sessions":4,"server_sessions":2,)"
      R"("server_queue":0,"backend_queue":0,"method":"GET",)"
      R"("target":"/a\"b\\x5Cc\\x0A\\xC3\\xA9#","version":"HTTP/1.1",)"
      R"("tls_version":"","tls_cipher":"","request_id":"",)"
      R"("refused":"why"})");
}

TEST_F(HttpLogTest, TlsMarksTheFrontend) {
  record_.tls_version = "TLSv1.2";
  record_.tls_cipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
  EXPECT_NE(Line().find("] mail-http~ owa/CAS1 "), std::string::npos);
  EXPECT_NE(Line().find("\" tls:TLSv1.2/TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), std::string::npos);
  EXPECT_NE(Json().find(R"("tls_version":"TLSv1.2","tls_cipher":"TLS_ECDHE_RSA_)"),
            std::string::npos);
}

// The largest of everything fits the room that is made for a line (the sanitizers would tell).
TEST_F(HttpLogTest, LargestValues) {
  const std::string text(2'000, '\x01');
  client_ = net::Address::Parse("2001:db8:1111:2222:3333:4444:5555:6666", 65535).value();
  record_.request_ms = record_.queue_ms = record_.connect_ms = INT64_MIN;
  record_.response_ms = record_.total_ms = INT64_MIN;
  record_.status = INT32_MIN;
  record_.bytes_to_client = record_.bytes_from_client = UINT64_MAX;
  record_.process_sessions = record_.frontend_sessions = record_.backend_sessions = UINT32_MAX;
  record_.server_sessions = record_.retries = UINT32_MAX;
  record_.server_queue = record_.backend_queue = UINT32_MAX;
  record_.redispatched = true;
  record_.method = record_.target = record_.version = record_.request_id = record_.refused = text;
  EXPECT_GT(Line().size(), 5u * 3 * 1'024);
  EXPECT_GT(Json().size(), 5u * 5 * 1'024);
}

}  // namespace
}  // namespace aloha::proxy
