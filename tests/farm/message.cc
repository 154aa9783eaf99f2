#include "tests/farm/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aloha::farm {
namespace {

constexpr size_t kLine = 80;  // octets with CRLF
constexpr std::array<uint64_t, kNumMessages> kLines = {12, 819, 131072};
constexpr uint64_t kLinesAtOnce = 1024;

}  // namespace

std::string MessageHead(const std::string& server, int number) {
  return fmt::format(
      "From: {0} <postmaster@example.test>\r\nTo: user@example.test\r\n"
      "Subject: message {1} of {0}\r\nMessage-ID: <{1}.{0}@example.test>\r\n"
      "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n",
      server, number);
}

uint64_t MessageSize(const std::string& server, int number) {
  return MessageHead(server, number).size() + kLines[number - 1] * kLine;
}

asio::awaitable<void> SendMessage(Session& session, int number) {
  const std::string head = MessageHead(session.server(), number);
  co_await session.Write(head);
  std::string block;
  for (uint64_t line = 0; line < kLines[number - 1]; line += kLinesAtOnce) {
    block.clear();
    const uint64_t end = std::min(line + kLinesAtOnce, kLines[number - 1]);
    for (uint64_t i = line; i < end; ++i) {
      block += fmt::format("{:08} {:x<69}\r\n", i, session.server());
    }
    co_await session.Write(block);
  }
}

}  // namespace aloha::farm
