#include "workers/health/mail_protocol.h"

#include <gtest/gtest.h>

#include "tests/unit/health/dialogue_script.h"

namespace aloha::health {
namespace {

TEST(ImapDialogue, TakesOkAndPreauthInAnyCase) {
  const auto imap = MakeImapDialogue();
  EXPECT_EQ(Play(*imap, "* OK The Microsoft Exchange IMAP4 service is ready.\r\n").reason, "* OK");
  EXPECT_EQ(Play(*imap, "* ok [CAPABILITY IMAP4rev1] hi\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*imap, "* OK\r\n").verdict, Verdict::kSuccess);
  const Ending preauth = Play(*imap, "* PREAUTH hello\r\nmore");
  EXPECT_EQ(preauth.verdict, Verdict::kSuccess);
  EXPECT_EQ(preauth.reason, "* PREAUTH");
  EXPECT_EQ(preauth.sent, "");
}

TEST(ImapDialogue, ShowsWhatElseWasSaid) {
  const auto imap = MakeImapDialogue();
  EXPECT_EQ(Play(*imap, "* BYE too busy\r\n").reason, "greeting was \"* BYE too busy\"");
  EXPECT_EQ(Play(*imap, "* OKAY\r\n").reason, "greeting was \"* OKAY\"");
  EXPECT_EQ(Play(*imap, "\r\n").reason, "greeting was \"\"");
  EXPECT_EQ(Play(*imap, std::string("\0\x01\xff\n", 4)).reason, "greeting was \"\\x00\\x01\\xff\"");
}

TEST(ImapDialogue, WaitsForTheWholeLine) {
  const auto imap = MakeImapDialogue();
  EXPECT_EQ(Play(*imap, "* OK no end").verdict, Verdict::kMore);
  EXPECT_EQ(imap->awaited(), "greeting");
  EXPECT_EQ(Play(*imap, "", true).reason, "connection closed before the greeting");
  EXPECT_EQ(Play(*imap, "* O", true).reason, "connection closed in the greeting \"* O\"");
}

TEST(ImapDialogue, BoundsTheLine) {
  const auto imap = MakeImapDialogue();
  const std::string longest = "* OK " + std::string(kMaxLine - 5, 'x');
  EXPECT_EQ(Play(*imap, longest.substr(0, kMaxLine - 1) + "\r\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*imap, longest + "\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*imap, longest + "\n").verdict, Verdict::kSuccess);
  const Ending endless = Play(*imap, std::string(1 << 20, 'A'));
  EXPECT_EQ(endless.verdict, Verdict::kFailure);
  EXPECT_EQ(endless.reason,
            "greeting has a line of more than 2048 bytes: \"" + std::string(80, 'A') + "…\"");
}

TEST(Pop3Dialogue, TakesOkOnly) {
  const auto pop3 = MakePop3Dialogue();
  EXPECT_EQ(Play(*pop3, "+OK POP3 server ready\r\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*pop3, "-ERR [SYS/TEMP] down\r\n").reason,
            "greeting was \"-ERR [SYS/TEMP] down\"");
  EXPECT_EQ(Play(*pop3, "* OK imap\r\n").verdict, Verdict::kFailure);
}

TEST(SmtpDialogue, GreetsAndLeaves) {
  const auto smtp = MakeSmtpDialogue("");
  const Ending good = Play(*smtp,
                           "220-mail.example.org\r\n220-second line\r\n220 ready\r\n"
                           "250-mail.example.org\r\n250-SIZE\r\n250 STARTTLS\r\n"
                           "221 2.0.0 Bye\r\n");
  EXPECT_EQ(good.verdict, Verdict::kSuccess);
  EXPECT_EQ(good.sent, "EHLO aloha.check.invalid\r\nQUIT\r\n");
}

TEST(SmtpDialogue, UsesTheNameGiven) {
  const auto smtp = MakeSmtpDialogue("lb.example.org");
  EXPECT_EQ(Play(*smtp, "220 hi\r\n250\r\n", true).sent, "EHLO lb.example.org\r\nQUIT\r\n");
}

TEST(SmtpDialogue, AnythingAnswersQuit) {
  const auto smtp = MakeSmtpDialogue("");
  EXPECT_EQ(Play(*smtp, "220 a\r\n250 b\r\n", true).verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*smtp, "220 a\r\n250 b\r\n500 what?\r\n").verdict, Verdict::kSuccess);
  EXPECT_EQ(Play(*smtp, "220 a\r\n250 b\r\n").verdict, Verdict::kMore);
  EXPECT_EQ(smtp->awaited(), "answer to QUIT");
}

TEST(SmtpDialogue, SaysWhatWasWrong) {
  const auto smtp = MakeSmtpDialogue("");
  EXPECT_EQ(Play(*smtp, "550 go away\r\n").reason, "greeting was \"550 go away\"");
  EXPECT_EQ(Play(*smtp, "220-a\r\n221 b\r\n").reason, "greeting was \"221 b\"");
  EXPECT_EQ(Play(*smtp, "22O letter\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*smtp, "2200 digit\r\n").verdict, Verdict::kFailure);
  EXPECT_EQ(Play(*smtp, "220 a\r\n502 no EHLO\r\n").reason, "answer to EHLO was \"502 no EHLO\"");
  EXPECT_EQ(Play(*smtp, "220 a\r\n", true).reason, "connection closed before the answer to EHLO");
}

}  // namespace
}  // namespace aloha::health
