// POP3: the generated messages; every login is accepted, nothing is ever deleted.
#include <fmt/format.h>

#include "tests/farm/message.h"
#include "tests/farm/protocols.h"
#include "tests/farm/session.h"
#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

std::string Capabilities(const Session& session) {
  return std::string("+OK capabilities\r\nUSER\r\nTOP\r\nUIDL\r\nSASL PLAIN\r\n") +
         (session.offers_starttls() ? "STLS\r\n" : "") + ".\r\n";
}

// LIST and UIDL, of one message or of all.
std::string Listing(const Session& session, bool sizes, const std::string& argument) {
  const auto line = [&](int number) {
    return sizes ? fmt::format("{} {}\r\n", number, MessageSize(session.server(), number))
                 : fmt::format("{0} {0}.{1}\r\n", number, session.server());
  };
  if (!argument.empty()) {
    const int number = ParseNumber<int>(argument).value_or(0);
    return number >= 1 && number <= kNumMessages ? "+OK " + line(number)
                                                 : "-ERR no such message\r\n";
  }
  std::string all = "+OK\r\n";
  for (int number = 1; number <= kNumMessages; ++number) all += line(number);
  return all + ".\r\n";
}

asio::awaitable<void> Retrieve(Session& session, const std::string& argument, bool head_only) {
  const int number = ParseNumber<int>(argument).value_or(0);
  if (number < 1 || number > kNumMessages) {
    co_await session.Reply("-ERR no such message\r\n");
    co_return;
  }
  co_await session.Reply(fmt::format("+OK {} octets\r\n", MessageSize(session.server(), number)));
  if (head_only) {
    const std::string head = MessageHead(session.server(), number);
    co_await session.Write(head);
  } else {
    co_await SendMessage(session, number);
  }
  co_await session.Write(".\r\n");
}

std::string Stat(const Session& session) {
  uint64_t total = 0;
  for (int number = 1; number <= kNumMessages; ++number)
    total += MessageSize(session.server(), number);
  return fmt::format("+OK {} {}\r\n", kNumMessages, total);
}

// What one command answers at once; RETR, TOP, AUTH and STLS do more.
std::string Answer(const Session& session, const std::string& command,
                   const std::string& argument) {
  if (command == "CAPA") return Capabilities(session);
  if (command == "STAT") return Stat(session);
  if (command == "LIST" || command == "UIDL") return Listing(session, command == "LIST", argument);
  if (command == "USER" || command == "PASS" || command == "DELE" || command == "RSET" ||
      command == "NOOP" || command == "QUIT")
    return "+OK " + session.server() + "\r\n";
  return "-ERR unknown command\r\n";
}

asio::awaitable<void> Serve(Session& session) {
  co_await session.Reply("+OK " + session.server() + " POP3 ready\r\n");
  std::string command;
  while (command != "QUIT") {
    std::string rest = co_await session.ReadCommand();
    command = Upper(TakeWord(rest));
    if (command == "RETR" || command == "TOP") {
      co_await Retrieve(session, TakeWord(rest), command == "TOP");
    } else if (command == "AUTH") {
      TakeWord(rest);
      if (rest.empty()) {
        co_await session.Reply("+ \r\n");
        co_await session.ReadLine();
      }
      co_await session.Reply("+OK " + session.server() + "\r\n");
    } else if (command == "STLS" && session.offers_starttls()) {
      co_await session.Reply("+OK begin TLS\r\n");
      co_await session.StartTls();
    } else {
      co_await session.Reply(Answer(session, command, rest));
    }
  }
}

std::string Refusal(const std::string& server) {
  return "-ERR " + server + " is not available\r\n";
}

}  // namespace

const Protocol kPop3 = {Serve, Refusal};

}  // namespace aloha::farm
