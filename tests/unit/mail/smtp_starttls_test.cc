// STARTTLS towards a server: greeting, EHLO, STARTTLS, and whatever else a server may say.
#include "workers/mail/smtp_starttls.h"

#include <gtest/gtest.h>

namespace aloha::mail {
namespace {

using Next = SmtpStarttls::Next;
constexpr std::string_view kGreeting = "220-mail\r\n220 ready\r\n";

struct Script {
  std::string sent;
  SmtpStarttls::Step last;
};

// The server says these, one after the other.
Script Converse(SmtpStarttls& start, std::initializer_list<std::string_view> said,
                size_t piece = 1000) {
  Script script;
  for (std::string_view bytes : said) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      EXPECT_EQ(script.last.next, Next::kGoOn);
      script.last = start.FromServer(bytes.substr(0, piece));
      script.sent += script.last.to_server;
    }
  }
  return script;
}

TEST(SmtpStarttlsTest, BeginsTlsAndKeepsTheGreeting) {
  for (const size_t piece : {1, 2, 1000}) {
    SmtpStarttls start("[10.0.0.5]");
    const Script script = Converse(
        start, {kGreeting, "250-mail\r\n250-SIZE\r\n250 STARTTLS\r\n", "220 go ahead\r\n"}, piece);
    EXPECT_EQ(script.last.next, Next::kHandshake);
    EXPECT_EQ(script.sent, "EHLO [10.0.0.5]\r\nSTARTTLS\r\n");
    EXPECT_EQ(start.greeting(), kGreeting);
  }
}

TEST(SmtpStarttlsTest, AServerThatServesNobodySaysSo) {
  SmtpStarttls start("a");
  const Script script = Converse(start, {"421 4.3.2 too busy\r\n"});
  EXPECT_EQ(script.last.next, Next::kRefused);
  EXPECT_EQ(start.greeting(), "421 4.3.2 too busy\r\n");
}

TEST(SmtpStarttlsTest, FailsWithItsReason) {
  const struct {
    std::initializer_list<std::string_view> said;
    std::string_view reason;
  } kCases[] = {
      {{"* OK IMAP\r\n"}, "the server sent what is no reply of SMTP"},
      {{"220-a\r\n250 b\r\n"}, "the server sent what is no reply of SMTP"},
      {{kGreeting, "502 what\r\n"}, "the server refused EHLO"},
      {{kGreeting, "250-mail\r\n250 SIZE\r\n"}, "the server offers no STARTTLS"},
      {{kGreeting, "250 STARTTLS\r\n"}, "the server offers no STARTTLS"},
      {{kGreeting, "250-mail\r\n250 STARTTLS\r\n", "454 later\r\n"}, "the server refused STARTTLS"},
      {{kGreeting, "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n250 x\r\n"},
       "the server spoke out of turn before TLS"},
      {{kGreeting, "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n\x16"},
       "the server spoke out of turn before TLS"},
      {{"220 a\r\n250 STARTTLS\r\n"}, "the server spoke out of turn before TLS"},
  };
  for (const auto& c : kCases) {
    SmtpStarttls start("a");
    const Script script = Converse(start, c.said);
    EXPECT_EQ(script.last.next, Next::kFailed) << c.reason;
    EXPECT_EQ(script.last.reason, c.reason);
  }
}

TEST(SmtpStarttlsTest, BoundsWhatTheServerSays) {
  SmtpStarttls line("a");
  EXPECT_EQ(line.FromServer(std::string(SmtpReply::kMaxSize + 1, '2')).next, Next::kFailed);
  SmtpStarttls lines("a");
  size_t said = 0;
  while (lines.FromServer("220-" + std::string(1000, 'x') + "\r\n").next == Next::kGoOn) {
    ASSERT_LT(++said, 100u);
  }
}

}  // namespace
}  // namespace aloha::mail
