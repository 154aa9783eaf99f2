// What is said to a mail server, and when is a mail taken?
#include "workers/health/mail_submission.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace aloha::health {
namespace {

using State = MailSubmission::State;

Mail Example(const std::string& text = "CAS1 is DOWN\n") {
  return {.host_name = "lb1",
          .from = "aloha@example.org",
          .to = {"ops@example.org", "night@example.org"},
          .subject = "[lb1] CAS1",
          .text = text,
          .time_us = 1'764'403'200'000'000,
          .id = "0123abcd"};
}

// What is sent for each thing that the server says.
std::vector<std::string> Play(MailSubmission& submission, const std::vector<std::string>& said,
                              State end) {
  std::vector<std::string> sent;
  State state = State::kGoesOn;
  for (const std::string& bytes : said) {
    EXPECT_EQ(state, State::kGoesOn);
    state = submission.Feed(bytes);
    sent.push_back(submission.to_send());
  }
  EXPECT_EQ(state, end) << submission.reason();
  return sent;
}

TEST(MailSubmissionTest, OneStepAfterTheOther) {
  MailSubmission submission(Example());
  const auto sent = Play(submission,
                         {"220 ready\r\n", "250-mail\r\n250 SIZE\r\n", "250 ok\r\n", "250 ok\r\n",
                          "251 ok\r\n", "354 go\r\n", "250 queued\r\n"},
                         State::kTaken);
  EXPECT_EQ(sent[0], "EHLO lb1\r\n");
  EXPECT_EQ(sent[1], "MAIL FROM:<aloha@example.org>\r\n");
  EXPECT_EQ(sent[2], "RCPT TO:<ops@example.org>\r\n");
  EXPECT_EQ(sent[3], "RCPT TO:<night@example.org>\r\n");
  EXPECT_EQ(sent[4], "DATA\r\n");
  EXPECT_EQ(sent[5], FormatMail(Example()) + ".\r\n");
  EXPECT_EQ(sent[6], "QUIT\r\n");
}

TEST(MailSubmissionTest, WaitsForWholeReplies) {
  MailSubmission submission(Example());
  const auto sent =
      Play(submission, {"22", "0-a\r\n220", "-b\r\n220 ", "c\r", "\n"}, State::kGoesOn);
  EXPECT_EQ(sent, (std::vector<std::string>{"", "", "", "", "EHLO lb1\r\n"}));
}

TEST(MailSubmissionTest, SaysWhatWasRefused) {
  MailSubmission greeting(Example());
  Play(greeting, {"554 go away\r\n"}, State::kRefused);
  EXPECT_EQ(greeting.reason(), "greeting was \"554 go away\"");
  MailSubmission recipient(Example());
  Play(recipient, {"220 a\r\n", "250 a\r\n", "250 a\r\n", "550 \x1b[31mno\r\n", "451 later\r\n"},
       State::kRefused);
  EXPECT_EQ(recipient.reason(), "answer to RCPT TO:<ops@example.org> was \"550 \\x1b[31mno\"");
}

TEST(MailSubmissionTest, ARecipientThatIsRefusedKeepsItFromNobodyElse) {
  for (const auto& [first, second, refused] :
       {std::tuple("550 no\r\n", "250 a\r\n", "RCPT TO:<ops@example.org> was \"550 no\""),
        {"250 a\r\n", "450-not\r\n450 now\r\n", "RCPT TO:<night@example.org> was \"450 now\""}}) {
    MailSubmission submission(Example());
    const auto sent =
        Play(submission,
             {"220 a\r\n", "250 a\r\n", "250 a\r\n", first, second, "354 a\r\n", "250 a\r\n"},
             State::kTaken);
    EXPECT_EQ(sent[4], "DATA\r\n");
    Mail told = Example();
    told.text += fmt::format(
        "\nThe mail server did not take this mail for everybody:\nanswer to {}\n", refused);
    EXPECT_EQ(sent[5], FormatMail(told) + ".\r\n");
  }
}

TEST(MailSubmissionTest, TakesNothingThatIsNoReply) {
  for (const std::string said : {"hello\r\n", "22\r\n", "220-a\r\n250 b\r\n", "250\r\n250\r\n"}) {
    MailSubmission submission(Example());
    EXPECT_EQ(submission.Feed(said), State::kRefused) << said;
  }
}

TEST(MailSubmissionTest, NobodyAnswersBeforeTheQuestion) {
  MailSubmission submission(Example());
  EXPECT_EQ(submission.Feed("220 a\r\n250 b\r\n"), State::kRefused);
  EXPECT_EQ(submission.reason(), "more came than the greeting");
}

TEST(MailSubmissionTest, BoundsALine) {
  MailSubmission submission(Example());
  EXPECT_EQ(submission.Feed("220 " + std::string(2'000, 'x')), State::kGoesOn);
  EXPECT_EQ(submission.Feed(std::string(100, 'x')), State::kRefused);
}

std::string Body(const std::string& message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

TEST(FormatMailTest, HasAHeaderThatSaysAMachineWroteIt) {
  const std::string message = FormatMail(Example());
  EXPECT_EQ(message.substr(0, message.find("MIME")),
            "From: Aloha <aloha@example.org>\r\nTo: ops@example.org,\r\n night@example.org\r\n"
            "Subject: [lb1] CAS1\r\nDate: Sat, 29 Nov 2025 08:00:00 +0000\r\n"
            "Message-ID: <0123abcd@lb1>\r\nAuto-Submitted: auto-generated\r\n");
}

TEST(FormatMailTest, NothingInASubjectOrNameBeginsAnotherField) {
  Mail mail = Example();
  mail.subject = "a\r\nBcc: everybody\xc3\xa9";
  mail.host_name = "lb 1\r\n";
  const std::string message = FormatMail(mail);
  EXPECT_NE(message.find("Subject: a__Bcc: everybody__\r\n"), std::string::npos);
  EXPECT_NE(message.find("<0123abcd@lb_1__>"), std::string::npos);
}

TEST(FormatMailTest, EncodesWhatIsNoPrintableText) {
  EXPECT_EQ(Body(FormatMail(Example("1 = \xc3\xa9 \n\ttab"))), "1 =3D =C3=A9=20\r\n=09tab\r\n");
  EXPECT_EQ(Body(FormatMail(Example(std::string(100, 'x')))),
            std::string(75, 'x') + "=\r\n" + std::string(25, 'x') + "\r\n");
}

TEST(FormatMailTest, NoLineOfTheTextEndsTheMail) {
  const std::vector<std::string> before = {"220 a\r\n", "250 a\r\n", "250 a\r\n",
                                           "250 a\r\n", "250 a\r\n", "354 a\r\n"};
  MailSubmission submission(Example("one\n.\n.two\n"));
  const std::string sent = Play(submission, before, State::kGoesOn).back();
  EXPECT_EQ(Body(sent), "one\r\n..\r\n..two\r\n\r\n.\r\n");
}

}  // namespace
}  // namespace aloha::health
