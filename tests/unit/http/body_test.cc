// Where bodies end, however they arrive.
#include "workers/http/body.h"

#include <gtest/gtest.h>

#include <string>

namespace aloha::http {
namespace {

constexpr size_t kRefused = SIZE_MAX;

// How many bytes the body takes, fed in pieces; kRefused: it is malformed.
size_t Taken(BodyReader reader, std::string_view bytes, size_t piece) {
  size_t sum = 0;
  while (!bytes.empty() && !reader.done()) {
    const auto taken = reader.Take(bytes.substr(0, piece));
    if (!taken) return kRefused;
    sum += *taken;
    bytes.remove_prefix(*taken);
  }
  return sum;
}

// The same for every split.
void ExpectTaken(std::string_view bytes, size_t expected) {
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    ASSERT_EQ(Taken(BodyReader::Chunked(), bytes, piece), expected) << bytes << " by " << piece;
  }
}

TEST(BodyTest, NoBodyTakesNothing) {
  BodyReader none;
  EXPECT_TRUE(none.done());
  EXPECT_EQ(none.Take("GET"), 0u);
}

TEST(BodyTest, ALengthIsCountedDown) {
  BodyReader reader = BodyReader::Length(uint64_t{1} << 30);  // Outlook Anywhere announces so much
  EXPECT_EQ(reader.Take("abc"), 3u);
  EXPECT_EQ(reader.left(), (uint64_t{1} << 30) - 3);
  reader.Skip(reader.left() - 2);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.Take("abc"), 2u);
  EXPECT_TRUE(reader.done());
  EXPECT_TRUE(BodyReader::Length(0).done());
}

TEST(BodyTest, UntilCloseTakesEverything) {
  BodyReader reader = BodyReader::UntilClose();
  EXPECT_EQ(reader.Take("abc"), 3u);
  reader.Skip(1000);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.left(), UINT64_MAX);
}

TEST(BodyTest, ChunksEndWithTheirLastLine) {
  for (const std::string_view body :
       {"0\r\n\r\n", "000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "1\r\n\n\r\n00\r\n\r\n",
        "A\r\n0123456789\r\na\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
        "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", "0\r\nX-Sum: 1\r\nY:\r\n\r\n"}) {
    ExpectTaken(body, body.size());
    ExpectTaken(std::string(body) + "GET / HTTP/1.1\r\n", body.size());
  }
}

TEST(BodyTest, MalformedChunksAreRefused) {
  using namespace std::literals;
  for (const std::string_view body : {"\r\n"sv,
                                      " 1\r\n"sv,
                                      "1 \r\n"sv,
                                      "1\t\r\n"sv,
                                      "g\r\n"sv,
                                      "-1\r\n"sv,
                                      "+1\r\n"sv,
                                      "0x1\r\n"sv,
                                      "1\n"sv,
                                      "1\rx"sv,
                                      "1;a\n"sv,
                                      "1;\0\r\n"sv,
                                      "1;\x7f\r\n"sv,
                                      "1;a\rb\r\n"sv,
                                      "1\r\nab\r\n"sv,
                                      "1\r\na\n"sv,
                                      "1\r\na\rx"sv,
                                      "1\r\n\r\n1"sv,
                                      "0\r\n\n"sv,
                                      "0\r\n\rx"sv,
                                      "0\r\n: a\r\n"sv,
                                      "0\r\nA b: c\r\n"sv,
                                      "0\r\n a: b\r\n"sv,
                                      "0\r\nA\r\n"sv,
                                      "0\r\nA: b\n"sv,
                                      "0\r\nA: \0\r\n"sv,
                                      "ffffffffffffffff\r\n"sv,
                                      "100000000000001\r\n"sv,
                                      "00000000000000001\r\n"sv}) {
    ExpectTaken(body, kRefused);
  }
}

TEST(BodyTest, FieldsThatFrameAMessageAreNoTrailers) {
  for (const std::string_view name :
       {"Content-Length", "TRANSFER-ENCODING", "Host", "connection", "Trailer"}) {
    ExpectTaken("0\r\n" + std::string(name) + ": 1\r\n\r\n", kRefused);
    const std::string longer = "0\r\n" + std::string(name) + "x: 1\r\n\r\n";
    ExpectTaken(longer, longer.size());
  }
}

TEST(BodyTest, TheLargestChunkIsOf56Bits) {
  BodyReader reader = BodyReader::Chunked();
  EXPECT_EQ(reader.Take("100000000000000\r\nx"), 18u);
  EXPECT_FALSE(reader.done());
}

TEST(BodyTest, LinesAreBounded) {
  const auto line = [](size_t size) { return "1;" + std::string(size - 4, 'x') + "\r\n"; };
  EXPECT_EQ(Taken(BodyReader::Chunked(), line(1024), 7), 1024u);
  EXPECT_EQ(Taken(BodyReader::Chunked(), line(1025), 7), kRefused);
}

TEST(BodyTest, TrailersAreBounded) {
  const auto lines = [](int count) {
    std::string body = "0\r\n";
    for (int i = 0; i < count; ++i) body += "A: b\r\n";
    return body + "\r\n";
  };
  EXPECT_EQ(Taken(BodyReader::Chunked(), lines(64), 7), lines(64).size());
  EXPECT_EQ(Taken(BodyReader::Chunked(), lines(65), 7), kRefused);
  // 16 KiB, the empty line included.
  const auto long_line = [](size_t size) {
    return "0\r\nA:" + std::string(size - 6, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(Taken(BodyReader::Chunked(), long_line(16384), 999), 16384 + 3u);
  EXPECT_EQ(Taken(BodyReader::Chunked(), long_line(16385), 999), kRefused);
}

}  // namespace
}  // namespace aloha::http
