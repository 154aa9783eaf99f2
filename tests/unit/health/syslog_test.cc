// How does a line look to a syslog server, and what keeps it from getting there?
#include "workers/health/syslog.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

namespace aloha::health {
namespace {

worker::v1::ReportLine Line(const std::string& level, const std::string& text) {
  worker::v1::ReportLine line;
  line.set_time_us(1'764'403'200'000'042);
  line.set_program("aloha-proxy");
  line.set_level(level);
  line.set_text(text);
  return line;
}

TEST(Syslog, HasTheFormOfRfc5424) {
  EXPECT_EQ(FormatSyslog(Line("access", "127.0.0.1:4 [29/Nov/2025]"), "lb1"),
            "<134>1 2025-11-29T08:00:00.000042Z lb1 aloha-proxy - - - 127.0.0.1:4 [29/Nov/2025]");
}

TEST(Syslog, SaysHowBadItIs) {
  for (const auto& [level, priority] :
       {std::pair("error", "<131>"), {"warning", "<132>"}, {"info", "<134>"}, {"debug", "<135>"}}) {
    EXPECT_TRUE(FormatSyslog(Line(level, "x"), "lb1").starts_with(priority)) << level;
  }
}

TEST(Syslog, NoNameBreaksTheHeader) {
  worker::v1::ReportLine line = Line("info", "x");
  line.set_program("a b\n\xc3\xa9");
  EXPECT_TRUE(FormatSyslog(line, "").ends_with("Z - a_b___ - - - x"));
}

TEST(Syslog, CutsALongTextBetweenTwoCharacters) {
  const std::string fits(8'000, 'x');
  EXPECT_TRUE(FormatSyslog(Line("info", fits), "h").ends_with(" " + fits));
  const std::string most(7'999, 'x');
  EXPECT_TRUE(FormatSyslog(Line("info", most + "\xc3\xa9"), "h").ends_with(" " + most));
}

TEST(Syslog, ATimeBeforeTheEpochIsTheEpoch) {
  worker::v1::ReportLine line = Line("info", "x");
  line.set_time_us(-5);
  EXPECT_TRUE(FormatSyslog(line, "h").starts_with("<134>1 1970-01-01T00:00:00.000000Z "));
}

class SyslogSenderTest : public testing::Test {
 protected:
  SyslogSenderTest() : server_(loop_, {asio::ip::address_v4::loopback(), 0}) {
    server_.non_blocking(true);
    sender_.Use(server_.local_endpoint());
  }

  asio::awaitable<void> SendInto(worker::v1::SendLinesRequest request,
                                 Result<worker::v1::SendLinesResponse>& answer) {
    answer = co_await sender_.Send(std::move(request));
  }
  Result<worker::v1::SendLinesResponse> Send(int lines) {
    worker::v1::SendLinesRequest request;
    for (int i = 0; i < lines; ++i) *request.add_lines() = Line("info", "x");
    Result<worker::v1::SendLinesResponse> answer;
    asio::co_spawn(loop_, SendInto(request, answer), asio::detached);
    loop_.restart();
    loop_.run();
    return answer;
  }
  int Received() {
    std::array<char, 1'000> buffer;
    asio::error_code error;
    int number = 0;
    while (server_.receive(asio::buffer(buffer), 0, error) > 0) ++number;
    return number;
  }
  // Every send on what is connected to the server fails from now on.
  void Break() const {
    const asio::ip::udp::endpoint server = server_.local_endpoint();
    int broken = 0;
    for (int fd = 0; fd < 1'024; ++fd) {
      sockaddr_in peer{};
      socklen_t size = sizeof(peer);
      if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
      if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != server.port()) continue;
      const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
      broken += connect(fd, &nobody, sizeof(nobody)) == 0;
    }
    ASSERT_EQ(broken, 1);
  }

  asio::io_context loop_;
  asio::ip::udp::socket server_;
  SyslogSender sender_{loop_};
};

TEST_F(SyslogSenderTest, ASocketThatFailsIsOpenedAnew) {
  ASSERT_TRUE(Send(1));
  ASSERT_NO_FATAL_FAILURE(Break());
  const auto answer = Send(3);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->lost(), 0u);
  EXPECT_EQ(Received(), 4);
}

TEST_F(SyslogSenderTest, SaysWhatIsLeftAndTriesAgainLater) {
  ASSERT_TRUE(Send(1));
  ASSERT_NO_FATAL_FAILURE(Break());
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto answer = Send(3), next = Send(2);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->lost(), 3u);
  EXPECT_EQ(next.error().code, Code::kUnavailable);
  EXPECT_EQ(Send(2)->lost(), 0u);
  EXPECT_EQ(Received(), 3);
}

}  // namespace
}  // namespace aloha::health
