// IMAP: one mailbox of generated messages; every login is accepted, appended messages are read and
// forgotten.
#include <fmt/format.h>

#include "tests/farm/message.h"
#include "tests/farm/protocols.h"
#include "tests/farm/session.h"
#include "tests/farm/text.h"

namespace aloha::farm {
namespace {

constexpr uint64_t kLargestKeptLiteral = 8192;

std::string Capabilities(const Session& session) {
  return session.offers_starttls() ? "IMAP4rev1 IDLE LITERAL+ SASL-IR AUTH=PLAIN STARTTLS"
                                   : "IMAP4rev1 IDLE LITERAL+ SASL-IR AUTH=PLAIN";
}

// A command with its literals (RFC 9051 section 4.3). Large ones are messages: only their place is
// kept.
asio::awaitable<std::string> ReadWithLiterals(Session& session) {
  std::string line = co_await session.ReadCommand();
  while (line.ends_with('}') && line.rfind('{') != std::string::npos) {
    const size_t open = line.rfind('{');
    std::string digits = line.substr(open + 1, line.size() - open - 2);
    const bool wait_for_us = !digits.ends_with('+');
    if (!wait_for_us) digits.pop_back();
    const auto size = ParseNumber<uint64_t>(digits);
    if (!size) break;
    if (wait_for_us) co_await session.Reply("+ go ahead\r\n");
    line.erase(open);
    if (*size <= kLargestKeptLiteral) {
      const std::string literal = co_await session.Read(*size);
      line += '"' + literal + '"';
    } else {
      co_await session.Discard(*size);
      line += "\"\"";
    }
    line += co_await session.ReadLine();
  }
  co_return line;
}

// Whether message `number` is in a set such as "1:*" or "1,3".
bool InSet(std::string_view set, int number) {
  while (!set.empty()) {
    const size_t comma = std::min(set.find(','), set.size());
    const std::string_view range = set.substr(0, comma);
    set.remove_prefix(std::min(comma + 1, set.size()));
    const size_t colon = range.find(':');
    const auto bound = [](std::string_view text) {
      return text == "*" ? kNumMessages : ParseNumber<int>(text).value_or(0);
    };
    const int first = bound(range.substr(0, colon));
    const int last = colon == std::string_view::npos ? first : bound(range.substr(colon + 1));
    if (std::min(first, last) <= number && number <= std::max(first, last)) return true;
  }
  return false;
}

asio::awaitable<void> FetchOne(Session& session, int number, const std::string& items) {
  const uint64_t size = MessageSize(session.server(), number);
  std::string answer =
      fmt::format("* {0} FETCH (UID {0} FLAGS (\\Seen) RFC822.SIZE {1}", number, size);
  const bool head_only = items.find("HEADER") != std::string::npos;
  const bool whole = items.find("BODY[]") != std::string::npos ||
                     items.find("BODY.PEEK[]") != std::string::npos ||
                     items.find("RFC822 ") != std::string::npos ||
                     items.find("RFC822)") != std::string::npos || items.ends_with("RFC822");
  if (head_only) {
    const std::string head = MessageHead(session.server(), number);
    answer += fmt::format(" BODY[HEADER] {{{}}}\r\n{}", head.size(), head);
  } else if (whole) {
    answer += fmt::format(" BODY[] {{{}}}\r\n", size);
  }
  co_await session.Reply(answer);
  if (whole && !head_only) co_await SendMessage(session, number);
  co_await session.Write(")\r\n");
}

asio::awaitable<void> Fetch(Session& session, const std::string& tag, std::string rest) {
  const std::string set = TakeWord(rest);
  const std::string items = Upper(rest);
  for (int number = 1; number <= kNumMessages; ++number) {
    if (InSet(set, number)) co_await FetchOne(session, number, items);
  }
  co_await session.Reply(tag + " OK FETCH completed\r\n");
}

// Answers that need no more than their text; empty for other commands.
std::string Untagged(Session& session, const std::string& command) {
  if (command == "CAPABILITY") return "* CAPABILITY " + Capabilities(session) + "\r\n";
  if (command == "LIST" || command == "LSUB")
    return "* " + command + " (\\HasNoChildren) \"/\" \"INBOX\"\r\n";
  if (command == "SELECT" || command == "EXAMINE")
    return fmt::format(
        "* FLAGS (\\Seen \\Deleted)\r\n* {} EXISTS\r\n* 0 RECENT\r\n"
        "* OK [UIDVALIDITY 1] stable\r\n* OK [UIDNEXT {}] next\r\n",
        kNumMessages, kNumMessages + 1);
  if (command == "STATUS")
    return fmt::format("* STATUS \"INBOX\" (MESSAGES {} UNSEEN 0)\r\n", kNumMessages);
  if (command == "SEARCH") return "* SEARCH 1 2 3\r\n";
  if (command == "LOGOUT") return "* BYE " + session.server() + " is done\r\n";
  return "";
}

bool IsPlainOk(const std::string& command) {
  return command == "LOGIN" || command == "NOOP" || command == "CHECK" || command == "CLOSE" ||
         command == "APPEND" || command == "ID" || command == "STORE";
}

// One command after its tag; false ends the session.
asio::awaitable<bool> Execute(Session& session, const std::string& tag, std::string rest) {
  std::string command = Upper(TakeWord(rest));
  if (command == "UID") command = Upper(TakeWord(rest));
  const std::string untagged = Untagged(session, command);
  if (!untagged.empty() || IsPlainOk(command)) {
    const std::string by = " OK " + command + " completed by " + session.server();
    co_await session.Reply(untagged + tag + by + "\r\n");
    co_return command != "LOGOUT";
  }
  if (command == "FETCH") {
    co_await Fetch(session, tag, rest);
  } else if (command == "IDLE") {
    co_await session.Reply("+ idling\r\n");
    co_await session.ReadLine();
    co_await session.Reply(tag + " OK IDLE ended\r\n");
  } else if (command == "AUTHENTICATE") {
    TakeWord(rest);
    if (rest.empty()) {
      co_await session.Reply("+ \r\n");
      co_await session.ReadLine();
    }
    co_await session.Reply(tag + " OK AUTHENTICATE completed by " + session.server() + "\r\n");
  } else if (command == "STARTTLS" && session.offers_starttls()) {
    co_await session.Reply(tag + " OK begin TLS\r\n");
    co_await session.StartTls();
  } else {
    co_await session.Reply(tag + " BAD unknown command\r\n");
  }
  co_return true;
}

asio::awaitable<void> Serve(Session& session) {
  co_await session.Reply("* OK " + session.server() + " IMAP4 ready\r\n");
  bool more = true;
  while (more) {
    std::string line = co_await ReadWithLiterals(session);
    const std::string tag = TakeWord(line);
    more = co_await Execute(session, tag, line);
  }
}

std::string Refusal(const std::string& server) {
  return "* BYE " + server + " is not available\r\n";
}

}  // namespace

const Protocol kImap = {Serve, Refusal};

}  // namespace aloha::farm
