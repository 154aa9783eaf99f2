// Heads of requests and responses: what is understood, what is refused.
#include "workers/http/head.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "workers/http/framing.h"

namespace aloha::http {
namespace {

using namespace std::literals;

// A head read from text that it keeps.
struct Request {
  explicit Request(std::string head_bytes) : bytes(std::move(head_bytes)) {
    refusal = ReadRequestHead(bytes, *head);
  }
  const std::string bytes;
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  Refusal refusal;
};

Request WithLine(const std::string& line) { return Request(line + "\r\nHost: a\r\n\r\n"); }
Request WithFields(const std::string& fields) {
  return Request("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
}

struct Response {
  explicit Response(std::string head_bytes, bool to_head = false, bool upgrade = false)
      : bytes(std::move(head_bytes)) {
    refusal = ReadResponseHead(bytes, to_head, upgrade, *head);
  }
  const std::string bytes;
  std::unique_ptr<ResponseHead> head = std::make_unique<ResponseHead>();
  Refusal refusal;
};

TEST(HeadEndTest, IsFoundInEverySplit) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "body\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    size_t scanned = 0, have = 0;
    HeadEnd end;
    while (end.kind == HeadEnd::Kind::kIncomplete && have < bytes.size()) {
      have = std::min(have + piece, bytes.size());
      end = FindHeadEnd(std::string_view(bytes).substr(0, have), &scanned);
    }
    ASSERT_EQ(end.kind, HeadEnd::Kind::kComplete) << piece;
    EXPECT_EQ(end.size, head.size());
    EXPECT_LT(have - head.size(), piece);
  }
}

TEST(HeadEndTest, CarriageReturnsAndLineFeedsStandTogether) {
  for (const std::string_view bytes :
       {"\n", "GET\n", "a\r\nb\n", "a\r\n\n", "a\rb", "a\r\r", "a\r\nb\rc"}) {
    size_t scanned = 0;
    EXPECT_EQ(FindHeadEnd(bytes, &scanned).kind, HeadEnd::Kind::kBad) << bytes;
  }
  for (const std::string_view bytes : {"", "\r", "GET", "a\r", "a\r\n", "a\r\nb\r", "a\r\n\r"}) {
    size_t scanned = 0;
    EXPECT_EQ(FindHeadEnd(bytes, &scanned).kind, HeadEnd::Kind::kIncomplete) << bytes;
    EXPECT_EQ(scanned, bytes.size());
  }
}

TEST(RequestHeadTest, SaysWhatItIs) {
  const Request read(
      "POST /EWS/Exchange.asmx?a=b HTTP/1.1\r\nHost: mail:443\r\ncontent-LENGTH: 5\r\n\r\n");
  ASSERT_FALSE(read.refusal) << read.refusal.reason;
  const RequestHead& head = *read.head;
  EXPECT_EQ(head.line, "POST /EWS/Exchange.asmx?a=b HTTP/1.1\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/EWS/Exchange.asmx?a=b");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.body.left(), 5u);
  ASSERT_EQ(head.fields.all().size(), 2u);
  EXPECT_EQ(head.fields.all()[1].line, "content-LENGTH: 5\r\n");
  EXPECT_EQ(head.fields.all()[1].name, "content-LENGTH");
}

TEST(RequestHeadTest, EveryTokenIsAMethod) {
  for (const char* method :
       {"GET", "RPC_IN_DATA", "RPC_OUT_DATA", "PROPFIND", "SEARCH", "X-MS-ENUMATTS", "get",
        "!#$%&'*+-.^_`|~09", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"}) {
    const Request read = WithLine(std::string(method) + " / HTTP/1.1");
    EXPECT_FALSE(read.refusal) << method << read.refusal.reason;
    EXPECT_EQ(read.head->method, method);
  }
}

TEST(RequestHeadTest, OutlookAnywhereAnnouncesAGibibyte) {
  const Request read(
      "RPC_IN_DATA /rpc/rpcproxy.dll?CAS:6001 HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "1073741824\r\n\r\n");
  ASSERT_FALSE(read.refusal) << read.refusal.reason;
  EXPECT_EQ(read.head->body.left(), uint64_t{1} << 30);
}

TEST(RequestHeadTest, RequestLinesThatAreNoneAreRefused) {
  const struct {
    std::string_view line;
    int status;
  } kCases[] = {{"", 400},
                {"GET", 400},
                {"GET /", 400},
                {" GET / HTTP/1.1", 400},
                {"GET  / HTTP/1.1", 400},
                {"GET /  HTTP/1.1", 400},
                {"GET / HTTP/1.1 ", 400},
                {"GET / x HTTP/1.1", 400},
                {"GET\t/\tHTTP/1.1", 400},
                {"G(T / HTTP/1.1", 400},
                {"G\0T / HTTP/1.1"sv, 400},
                {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", 400},
                {"GET /\x01 HTTP/1.1", 400},
                {"GET /\x7f HTTP/1.1", 400},
                {"GET /\xc3\xa4 HTTP/1.1", 400},
                {"GET /\0 HTTP/1.1"sv, 400},
                {"GET /#a HTTP/1.1", 400},
                {"GET owa HTTP/1.1", 400},
                {"GET a:443 HTTP/1.1", 400},
                {"GET ftp://a/ HTTP/1.1", 400},
                {"GET http://b/ HTTP/1.1", 400},
                {"GET http://u@a/ HTTP/1.1", 400},
                {"GET * HTTP/1.1", 400},
                {"CONNECT a:443 HTTP/1.1", 405},
                {"GET / HTTP/0.9", 505},
                {"GET / HTTP/1.2", 505},
                {"PRI * HTTP/2.0", 505},
                {"GET / http/1.1", 400},
                {"GET / HTTP/1.10", 400},
                {"GET / HTTP/1", 400},
                {"GET / HTTP/1.x", 400}};
  for (const auto& one : kCases) {
    EXPECT_EQ(WithLine(std::string(one.line)).refusal.status, one.status) << one.line;
  }
}

TEST(RequestHeadTest, TargetsHaveFourForms) {
  for (const char* line :
       {"GET / HTTP/1.1", "GET //x\"<>[]{}|\\^` HTTP/1.1", "GET http://a HTTP/1.1",
        "GET HTTPS://A/x HTTP/1.1", "GET http://a?x HTTP/1.1", "OPTIONS * HTTP/1.1"}) {
    EXPECT_FALSE(WithLine(line).refusal) << line;
  }
}

TEST(RequestHeadTest, TheTargetIsBounded) {
  const auto line = [](size_t target) {
    return "GET /" + std::string(target - 1, 'a') + " HTTP/1.1";
  };
  EXPECT_FALSE(WithLine(line(kMaxTarget)).refusal);
  EXPECT_EQ(WithLine(line(kMaxTarget + 1)).refusal.status, 414);
}

TEST(RequestHeadTest, ALineIsCheckedBeforeTheRestHasCome) {
  EXPECT_FALSE(CheckRequestLine(""));
  EXPECT_FALSE(CheckRequestLine("GARBAGE IN THE MIDDLE"));
  EXPECT_FALSE(CheckRequestLine("GET / HTTP/1.1\r\nHo"));
  EXPECT_EQ(CheckRequestLine("GARBAGE\r\n").status, 400);
  EXPECT_EQ(CheckRequestLine("PRI * HTTP/2.0\r\n").status, 505);
}

TEST(RequestHeadTest, FieldLinesAreReadStrictly) {
  for (const std::string_view field :
       {"A"sv, " A: b"sv, "A : b"sv, "A\t: b"sv, "A b: c"sv, ": b"sv, "A(: b"sv, "\x80: b"sv,
        "A: b\r"sv, "A: \rb"sv, "A: \nb"sv, "A: b\n"sv, "A\0: b"sv, "A: \0b"sv, "A: \x01"sv,
        "A: \x7f"sv, "A: b\r\n c: d"sv, "A: b\r\n\tc"sv, "A: b\r\n "sv}) {
    EXPECT_EQ(WithFields(std::string(field) + "\r\n").refusal.status, 400) << field;
  }
  for (const std::string_view field :
       {"A:", "A: ", "A:b", "A: \t b \t", "A: b:c", "A: b\tc", "A: \xff", "!#$%&'*+-.^_`|~0: a"}) {
    EXPECT_FALSE(WithFields(std::string(field) + "\r\n").refusal) << field;
  }
  EXPECT_EQ(Request(" A: b\r\n\r\n").refusal.status, 400);
  EXPECT_EQ(Request("GET / HTTP/1.1\r\n Host: a\r\n\r\n").refusal.status, 400);
}

TEST(RequestHeadTest, FieldsAreCounted) {
  std::string fields;
  for (size_t i = 1; i < kMaxFields; ++i) fields += "A: b\r\n";  // beside Host
  EXPECT_FALSE(WithFields(fields).refusal);
  EXPECT_EQ(WithFields(fields + "A: b\r\n").refusal.status, 431);
}

TEST(RequestHeadTest, AKerberosTicketPasses) {
  const Request read =
      WithFields("Authorization: Negotiate " + std::string(48 * 1024, 'A') + "\r\n");
  EXPECT_FALSE(read.refusal) << read.refusal.reason;
  EXPECT_TRUE(read.head->binds_connection);
}

TEST(RequestHeadTest, SchemesThatBindTheConnection) {
  for (const char* value : {"NTLM", "ntlm TlRM", "Negotiate YII", "NEGOTIATE x"}) {
    EXPECT_TRUE(WithFields("Authorization: "s + value + "\r\n").head->binds_connection) << value;
  }
  for (const char* value :
       {"", "Basic NTLM", "Bearer Negotiate", "NTLMv2 x", "Negotiated x", "Nego"}) {
    EXPECT_FALSE(WithFields("Authorization: "s + value + "\r\n").head->binds_connection) << value;
  }
}

TEST(RequestHeadTest, HostStandsThereOnce) {
  const auto refused = [](const std::string& fields, const char* version = "1.1") {
    return Request("GET / HTTP/"s + version + "\r\n" + fields + "\r\n").refusal.status;
  };
  EXPECT_EQ(refused(""), 400);
  EXPECT_EQ(refused("", "1.0"), 0);
  EXPECT_EQ(refused("Host: a\r\nHost: a\r\n"), 400);
  EXPECT_EQ(refused("Host: a\r\nhost: b\r\n", "1.0"), 400);
  for (const char* host :
       {"", "a", "a:", "a:443", "A.b-c_d", "1.2.3.4:80", "[::1]", "[fe80::1]:65535"}) {
    EXPECT_EQ(refused("Host: "s + host + "\r\n"), 0) << host;
  }
  for (const char* host :
       {"a b", "a/b", "u@a", "a?b", "a#b", "a,b", "a:b", "a:-1", "a:123456", "a:1:2", "[::1",
        "[::1]x", "[a/b]", "<a>", "a\\b", "http://a", "\xc3\xa4"}) {
    EXPECT_EQ(refused("Host: "s + host + "\r\n"), 400) << host;
  }
}

TEST(RequestHeadTest, WhetherAnotherRequestCanFollow) {
  const auto keeps = [](const char* version, const char* connection) {
    return Request("GET / HTTP/"s + version + "\r\nHost: a\r\nConnection: " + connection +
                   "\r\n\r\n")
        .head->keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Close"));
  EXPECT_FALSE(keeps("1.1", "keep-alive, close"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Keep-Alive"));
  EXPECT_FALSE(keeps("1.0", "keep-alive, close"));
}

TEST(RequestHeadTest, ConnectionOptionsAreCounted) {
  std::string fields = "Connection: close, keep-alive, a";
  for (size_t i = 1; i < kMaxNamedFields; ++i) fields += ", a";
  EXPECT_FALSE(WithFields(fields + "\r\n").refusal);
  EXPECT_EQ(WithFields(fields + "\r\nConnection: b\r\n").refusal.status, 400);
  EXPECT_EQ(Response("HTTP/1.1 200 OK\r\n" + fields + ", a\r\n\r\n").refusal.status, 502);
}

TEST(RequestHeadTest, OnlyAWholeWebSocketRequestAsksForATunnel) {
  const auto asks = [](const char* line, const char* fields) {
    return Request(line + "\r\nHost: a\r\n"s + fields + "\r\n").head->websocket;
  };
  const char* const fields = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  EXPECT_TRUE(asks("GET / HTTP/1.1", fields));
  EXPECT_FALSE(asks("POST / HTTP/1.1", fields));
  EXPECT_FALSE(asks("GET / HTTP/1.0", fields));
  EXPECT_FALSE(asks("GET / HTTP/1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(asks("GET / HTTP/1.1", "Connection: Upgrade\r\n"));
  EXPECT_FALSE(asks("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
}

TEST(RequestHeadTest, OneExpectationIsKnown) {
  EXPECT_TRUE(WithFields("Expect: 100-Continue\r\n").head->expects_continue);
  EXPECT_EQ(WithFields("Expect: tea\r\n").refusal.status, 417);
  EXPECT_EQ(WithFields("Expect: 100-continue, tea\r\n").refusal.status, 417);
}

TEST(RequestHeadTest, AHeadIsUsedAgainWithoutATrace) {
  Request read(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: "
      "3\r\n"
      "Authorization: NTLM x\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_FALSE(read.refusal) << read.refusal.reason;
  const std::string plain = "HEAD / HTTP/1.0\r\n\r\n";
  ASSERT_FALSE(ReadRequestHead(plain, *read.head));
  const RequestHead& head = *read.head;
  EXPECT_FALSE(head.websocket || head.expects_continue || head.binds_connection || head.keep_alive);
  EXPECT_TRUE(head.head_method);
  EXPECT_TRUE(head.body.done());
  EXPECT_TRUE(head.fields.all().empty());
}

TEST(ResponseHeadTest, StatusLines) {
  for (const std::string_view line : {"HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200",
                                      "HTTP/1.0 599 \xe4\t", "HTTP/1.1 440 Login Timeout"}) {
    EXPECT_FALSE(Response(std::string(line) + "\r\n\r\n").refusal) << line;
  }
  for (const std::string_view line :
       {""sv, "HTTP/1.1"sv, "HTTP/1.1 20"sv, "HTTP/1.1 2000"sv, "HTTP/1.1  200"sv, "HTTP/1.1 2x0"sv,
        "HTTP/1.1 099"sv, "HTTP/1.1 600"sv, "HTTP/1.1 200\tOK"sv, "HTTP/1.1 200 O\0K"sv,
        "HTTP/2.0 200"sv, "HTTP/1.2 200 OK"sv, "http/1.1 200 OK"sv, "ICY 200 OK...."sv,
        " HTTP/1.1 200 OK"sv}) {
    EXPECT_EQ(Response(std::string(line) + "\r\n\r\n").refusal.status, 502) << line;
  }
  EXPECT_EQ(Response("HTTP/1.1 200 OK\n\r\n").refusal.status, 502);
}

TEST(ResponseHeadTest, HowBodiesEnd) {
  const auto body = [](const char* status, const char* fields, bool to_head = false) {
    const Response read("HTTP/1.1 "s + status + "\r\n" + fields + "\r\n", to_head);
    EXPECT_FALSE(read.refusal) << status << fields;
    return read.head->body;
  };
  EXPECT_TRUE(body("200", "").until_close());
  EXPECT_EQ(body("200", "Content-Length: 5\r\n").left(), 5u);
  EXPECT_TRUE(body("200", "Transfer-Encoding: chunked\r\n").chunked());
  EXPECT_TRUE(body("401", "Content-Length: 0\r\n").done());
  for (const char* status : {"100", "103", "204", "304"}) {
    EXPECT_TRUE(body(status, "Content-Length: 5\r\n").done()) << status;
    EXPECT_TRUE(body(status, "").done()) << status;
  }
  EXPECT_TRUE(body("304", "Transfer-Encoding: chunked\r\n").done());
  EXPECT_TRUE(body("200", "Content-Length: 5\r\n", /*to_head=*/true).done());
  EXPECT_TRUE(body("200", "Transfer-Encoding: chunked\r\n", /*to_head=*/true).done());
  EXPECT_TRUE(body("200", "", /*to_head=*/true).done());
}

TEST(ResponseHeadTest, WhatCannotBeIsRefused) {
  for (const char* head :
       {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 101 Switching Protocols\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n"}) {
    EXPECT_EQ(Response(head + "\r\n"s).refusal.status, 502) << head;
  }
  EXPECT_FALSE(
      Response("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n", false, /*upgrade=*/true).refusal);
}

TEST(ResponseHeadTest, WhetherTheServerKeepsTheConnection) {
  const auto keeps = [](const char* line, const char* fields) {
    return Response(line + "\r\nContent-Length: 0\r\n"s + fields + "\r\n").head->keep_alive;
  };
  EXPECT_TRUE(keeps("HTTP/1.1 200 OK", ""));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK", ""));
  EXPECT_TRUE(keeps("HTTP/1.0 200 OK", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(Response("HTTP/1.1 200 OK\r\n\r\n").head->keep_alive);
}

}  // namespace
}  // namespace aloha::http
