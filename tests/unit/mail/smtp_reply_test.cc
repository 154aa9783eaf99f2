// Replies of SMTP servers, and the answer to EHLO as clients get it.
#include "workers/mail/smtp_reply.h"

#include <gtest/gtest.h>

namespace aloha::mail {
namespace {

SmtpReply Ehlo(std::initializer_list<std::string_view> lines) {
  SmtpReply reply;
  for (const auto line : lines) EXPECT_TRUE(reply.Add(line)) << line;
  EXPECT_TRUE(reply.complete());
  return reply;
}

TEST(SmtpReplyTest, ReadsLines) {
  const auto more = ReadSmtpReplyLine("250-SIZE 1000");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->code, 250);
  EXPECT_FALSE(more->last);
  EXPECT_EQ(more->text, "SIZE 1000");
  const auto bare = ReadSmtpReplyLine("354");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->code, 354);
  EXPECT_TRUE(bare->last);
  EXPECT_TRUE(ReadSmtpReplyLine("220 mail")->last);
  for (const char* line : {"", "2", "25", "25x", "2500", "250+", "-250", " 250 a", "x250 a"}) {
    EXPECT_FALSE(ReadSmtpReplyLine(line)) << line;
  }
}

TEST(SmtpReplyTest, GathersLinesOfOneCode) {
  SmtpReply reply;
  EXPECT_TRUE(reply.Add("220-mail"));
  EXPECT_FALSE(reply.complete());
  EXPECT_TRUE(reply.Add("220 ready"));
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(reply.bytes(), "220-mail\r\n220 ready\r\n");
  EXPECT_TRUE(reply.Add("250-next"));
  EXPECT_EQ(reply.bytes(), "250-next\r\n");
  EXPECT_FALSE(reply.Add("220 another"));
}

TEST(SmtpReplyTest, KnowsWhatIsOffered) {
  const SmtpReply reply = Ehlo({"250-SIZE", "250-PIPELINING", "250-size 1", "250 starttls"});
  EXPECT_TRUE(reply.Offers("STARTTLS"));
  EXPECT_TRUE(reply.Offers("SIZE"));
  EXPECT_FALSE(reply.Offers("START"));
  EXPECT_FALSE(Ehlo({"250 STARTTLS"}).Offers("STARTTLS"));  // that is the server's name
}

TEST(SmtpReplyTest, OffersStarttlsAndHidesSigningInBeforeTls) {
  EXPECT_EQ(Ehlo({"250-mail", "250-SIZE 10", "250-AUTH PLAIN", "250-auth=LOGIN", "250-X-EXPS NTLM",
                  "250-X-ANONYMOUSTLS", "250-StartTLS", "250 CHUNKING"})
                .EditedEhlo(false),
            "250-mail\r\n250-SIZE 10\r\n250-CHUNKING\r\n250 STARTTLS\r\n");
  EXPECT_EQ(Ehlo({"250 mail"}).EditedEhlo(false), "250-mail\r\n250 STARTTLS\r\n");
  EXPECT_EQ(Ehlo({"250"}).EditedEhlo(false), "250-\r\n250 STARTTLS\r\n");
  EXPECT_EQ(Ehlo({"250-mail", "250-AUTH PLAIN", "250 STARTTLS"}).EditedEhlo(false),
            "250-mail\r\n250 STARTTLS\r\n");
}

TEST(SmtpReplyTest, HidesStarttlsInTls) {
  EXPECT_EQ(
      Ehlo({"250-mail", "250-AUTH PLAIN", "250-X-ANONYMOUSTLS", "250 STARTTLS"}).EditedEhlo(true),
      "250-mail\r\n250 AUTH PLAIN\r\n");
  EXPECT_EQ(Ehlo({"250-starttls", "250 STARTTLS"}).EditedEhlo(true), "250 starttls\r\n");
}

}  // namespace
}  // namespace aloha::mail
