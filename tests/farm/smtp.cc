// SMTP and submission: takes any message of up to 64 MiB and forgets it.
#include <fmt/format.h>

#include "tests/farm/protocols.h"
#include "tests/farm/session.h"
#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

constexpr uint64_t kLargestMessage = 64 << 20;

std::string Hello(const Session& session) {
  return fmt::format(
      "250-{}\r\n250-SIZE {}\r\n250-PIPELINING\r\n250-8BITMIME\r\n{}250 AUTH PLAIN LOGIN\r\n",
      session.server(), kLargestMessage, session.offers_starttls() ? "250-STARTTLS\r\n" : "");
}

// AUTH PLAIN and LOGIN (RFC 4954): asks for what the client did not send at once, and accepts it.
asio::awaitable<void> Authenticate(Session& session, std::string rest) {
  const std::string mechanism = Upper(TakeWord(rest));
  int questions = (mechanism == "LOGIN" ? 2 : 1) - (rest.empty() ? 0 : 1);
  for (; questions > 0; --questions) {
    co_await session.Reply("334 UGFzc3dvcmQ6\r\n");
    co_await session.ReadLine();
  }
  co_await session.Reply("235 2.7.0 welcome to " + session.server() + "\r\n");
}

asio::awaitable<void> TakeData(Session& session) {
  co_await session.Reply("354 go ahead\r\n");
  const uint64_t size = co_await session.DiscardToDot();
  if (size > kLargestMessage) {
    co_await session.Reply("552 5.3.4 message too big\r\n");
  } else {
    co_await session.Reply(fmt::format("250 2.0.0 {} took {} octets\r\n", session.server(), size));
  }
}

// Whether MAIL announces more than is taken (RFC 1870).
bool AnnouncesTooMuch(const std::string& arguments) {
  const size_t at = Upper(arguments).find("SIZE=");
  if (at == std::string::npos) return false;
  std::string rest = arguments.substr(at + 5);
  return ParseNumber<uint64_t>(TakeWord(rest)).value_or(0) > kLargestMessage;
}

std::string Answer(const Session& session, const std::string& command, const std::string& rest) {
  if (command == "EHLO") return Hello(session);
  if (command == "MAIL" && AnnouncesTooMuch(rest)) return "552 5.3.4 message too big\r\n";
  if (command == "HELO" || command == "MAIL" || command == "RCPT" || command == "RSET" ||
      command == "NOOP")
    return "250 " + session.server() + "\r\n";
  if (command == "QUIT") return "221 2.0.0 " + session.server() + " closing\r\n";
  return "500 5.5.2 unknown command\r\n";
}

asio::awaitable<void> Serve(Session& session) {
  co_await session.Reply("220 " + session.server() + " ESMTP ready\r\n");
  std::string command;
  while (command != "QUIT") {
    std::string rest = co_await session.ReadCommand();
    command = Upper(TakeWord(rest));
    if (command == "DATA") {
      co_await TakeData(session);
    } else if (command == "AUTH") {
      co_await Authenticate(session, rest);
    } else if (command == "STARTTLS" && session.offers_starttls()) {
      co_await session.Reply("220 2.0.0 begin TLS\r\n");
      co_await session.StartTls();
    } else {
      co_await session.Reply(Answer(session, command, rest));
    }
  }
}

std::string Refusal(const std::string& server) {
  return "421 4.3.2 " + server + " is not available\r\n";
}

}  // namespace

const Protocol kSmtp = {Serve, Refusal};

}  // namespace aloha::farm
