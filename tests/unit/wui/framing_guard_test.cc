#include "wui/server/framing_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloha::wui {
namespace {

using State = FramingGuard::State;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr char kPost[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";

TEST(FramingGuardTest, LetsRequestsThroughWhateverThePieces) {
  const std::string bytes = std::string(kGet) + kPost + kGet;
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    FramingGuard guard;
    for (size_t at = 0; at < bytes.size(); at += piece)
      ASSERT_NE(guard.Take(std::string_view(bytes).substr(at, piece)), State::kRefused) << piece;
    EXPECT_EQ(guard.requests(), 3u);
    EXPECT_EQ(guard.state(), State::kBetween);
  }
}

TEST(FramingGuardTest, TellsHowFarARequestHasCome) {
  FramingGuard guard;
  EXPECT_EQ(guard.state(), State::kBetween);
  EXPECT_EQ(guard.Take("POST / HT"), State::kHead);
  EXPECT_EQ(guard.Take("TP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo"), State::kBody);
  EXPECT_EQ(guard.Take("dy"), State::kBetween);
}

TEST(FramingGuardTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& request : {
           post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
           post + "Content-Length: 4, 4\r\n\r\nbody",
           post + "Content-Length: +4\r\n\r\nbody",
           post + "Content-Length: 0x4\r\n\r\nbody",
           post + "Transfer-Encoding: xchunked\r\n\r\n",
           post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           post + "Transfer-Encoding : chunked\r\n\r\n",
           post + "Transfer-Encoding:\r\n chunked\r\n\r\n",
           post + "X: a\r\n b\r\n\r\n",
           post + "X: a\nContent-Length: 4\r\n\r\n",
           post + "X: a\rContent-Length: 4\r\n\r\n",
           post + std::string("X: a\0b\r\n\r\n", 10),
           post + "X Y: a\r\n\r\n",
           post + "Host: b\r\n\r\n",
           post + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
           std::string("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
       }) {
    FramingGuard guard;
    EXPECT_EQ(guard.Take(request), State::kRefused) << request;
    EXPECT_GE(guard.status(), 400) << request;
    EXPECT_STRNE(guard.reason(), "");
    EXPECT_EQ(guard.requests(), 0u);
  }
}

TEST(FramingGuardTest, BoundsHeadAndBody) {
  FramingGuard head;
  EXPECT_EQ(head.Take("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x')),
            State::kRefused);
  EXPECT_EQ(head.status(), 431);
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "A: b\r\n";
  for (const char* rest : {"", "\r\n"}) {
    FramingGuard lines;
    EXPECT_EQ(lines.Take("GET / HTTP/1.1\r\nHost: a\r\n" + fields + rest), State::kRefused);
    EXPECT_EQ(lines.status(), 431);
  }
  FramingGuard endless;
  EXPECT_EQ(endless.Take(std::string(20'000, 'x')), State::kRefused);
  FramingGuard body;
  EXPECT_EQ(body.Take("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 524289\r\n\r\n"),
            State::kRefused);
  EXPECT_EQ(body.status(), 413);
}

TEST(FramingGuardTest, NothingPassesAfterARefusal) {
  FramingGuard guard;
  EXPECT_EQ(guard.Take("nonsense\r\n"), State::kRefused);
  EXPECT_EQ(guard.Take(kGet), State::kRefused);
}

}  // namespace
}  // namespace aloha::wui
