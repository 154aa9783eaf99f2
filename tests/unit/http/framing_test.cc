// Where messages end by their fields, and which fields are the connection's own.
#include "workers/http/framing.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::http {
namespace {

struct Read {
  explicit Read(const std::string& fields, int minor_version = 1, bool request = true)
      : lines(fields + "\r\n") {
    EXPECT_FALSE(ReadFields(lines, list)) << fields;
    refusal = ReadFraming(list, lines, request, minor_version, 400, framing);
  }
  const std::string lines;
  Fields list;
  Framing framing;
  Refusal refusal;
};

std::string Dropped(Fields& fields) {
  std::string names;
  for (const Field& field : fields.all()) {
    if (field.dropped) names.append(names.empty() ? "" : " ").append(field.name);
  }
  return names;
}

TEST(FramingTest, NothingSaidMeansNoBody) {
  const Read read("Host: a\r\n");
  EXPECT_FALSE(read.refusal);
  EXPECT_FALSE(read.framing.chunked || read.framing.has_length);
}

TEST(FramingTest, LengthsArePlainDigits) {
  const struct {
    const char* value;
    uint64_t length;
  } kCases[] = {{"0", 0},
                {"7", 7},
                {"007", 7},
                {" 7 ", 7},
                {"1073741824", uint64_t{1} << 30},  // RPC_IN_DATA
                {"999999999999999999", 999'999'999'999'999'999}};
  for (const auto& one : kCases) {
    const Read read("Content-Length:" + std::string(one.value) + "\r\n");
    EXPECT_FALSE(read.refusal) << one.value << read.refusal.reason;
    EXPECT_TRUE(read.framing.has_length);
    EXPECT_EQ(read.framing.length, one.length);
  }
}

TEST(FramingTest, OtherLengthsAreRefused) {
  for (const char* value : {"", "+7", "-7", "-0", "0x7", "7.0", "7e1", "7 7", "7,7", "7, 7",
                            "\"7\"", "7;", "1000000000000000000", "18446744073709551616"}) {
    EXPECT_TRUE(Read("Content-Length: " + std::string(value) + "\r\n").refusal) << value;
  }
}

TEST(FramingTest, ChunkedAloneIsTheOneCoding) {
  for (const char* value : {"chunked", "CHUNKED", " \tchunked"}) {
    const Read read("Transfer-Encoding:" + std::string(value) + "\r\n");
    EXPECT_FALSE(read.refusal) << value << read.refusal.reason;
    EXPECT_TRUE(read.framing.chunked);
  }
  for (const char* value :
       {"", "identity", "gzip", "gzip, chunked", "chunked, gzip", "xchunked", "chunked, chunked",
        "chunked;q=1", "\"chunked\"", ",chunked", "chunked,", "chun ked",
        "\x0b"
        "chunked"}) {
    const std::string lines = "Transfer-Encoding: " + std::string(value) + "\r\n\r\n";
    Fields fields;
    Framing framing;
    const bool refused =
        ReadFields(lines, fields) || ReadFraming(fields, lines, true, 1, 400, framing);
    EXPECT_TRUE(refused) << value;
  }
}

TEST(FramingTest, OldVersionsKnowNoChunks) {
  EXPECT_TRUE(Read("Transfer-Encoding: chunked\r\n", /*minor_version=*/0).refusal);
  EXPECT_FALSE(Read("Content-Length: 7\r\n", /*minor_version=*/0).refusal);
}

TEST(FramingTest, NothingIsSaidTwice) {
  for (const char* fields :
       {"Content-Length: 7\r\nContent-Length: 7\r\n", "Content-Length: 7\r\ncontent-length: 8\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 0\r\n"}) {
    for (const bool request : {false, true})
      EXPECT_TRUE(Read(fields, 1, request).refusal) << fields;
  }
}

TEST(FramingTest, NamesThatOnlyResembleMeanNothing) {
  const Read read("Content_Length: 7\r\nX-Content-Length: 7\r\nTransfer-Encodings: chunked\r\n");
  EXPECT_FALSE(read.refusal);
  EXPECT_FALSE(read.framing.chunked || read.framing.has_length);
}

TEST(FramingTest, RefusalsHaveTheStatusOfTheirSide) {
  Fields fields;
  Framing framing;
  const std::string lines = "Content-Length: x\r\n\r\n";
  ASSERT_FALSE(ReadFields(lines, fields));
  EXPECT_EQ(ReadFraming(fields, lines, /*request=*/false, 1, 502, framing).status, 502);
}

TEST(ConnectionFieldsTest, TheConnectionsOwnFieldsAreDropped) {
  Read read(
      "Host: a\r\nconnection: close, X-One ,,\tkeep-alive\r\nX-One: 1\r\nx-one: 2\r\nX-Two: 1\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\nUpgrade: h2c\r\n"
      "Connection: x-two\r\nX-Three: 1\r\n");
  const ConnectionOptions options = TakeConnectionFields(read.list);
  EXPECT_TRUE(options.close);
  EXPECT_TRUE(options.keep_alive);
  EXPECT_FALSE(options.upgrade);
  EXPECT_EQ(Dropped(read.list),
            "connection X-One x-one X-Two Keep-Alive Proxy-Connection TE Upgrade Connection");
}

TEST(ConnectionFieldsTest, WhatFramesRoutesOrAuthenticatesStays) {
  Read read(
      "Connection: Upgrade, Host, Content-Length, Transfer-Encoding, Cookie, Authorization, "
      "Expect\r\n"
      "Host: a\r\nContent-Length: 7\r\nCookie: a=b\r\nAuthorization: Basic x\r\n"
      "Expect: 100-continue\r\n");
  EXPECT_TRUE(TakeConnectionFields(read.list).upgrade);
  EXPECT_EQ(Dropped(read.list), "Connection");
}

}  // namespace
}  // namespace aloha::http
