// Which events are mailed, and how does the mail read?
#include "supervisor/reports/alert_mail.h"

#include <gtest/gtest.h>

namespace aloha::supervisor {
namespace {

using admin::v1::Event;

Event Make(Event::Severity severity, const std::string& subject, const std::string& text = "DOWN") {
  Event event;
  event.set_severity(severity);
  event.set_subject(subject);
  event.set_object("imap/CAS1");
  event.set_text(text);
  event.set_time_us(1'764'403'200'000'000);
  return event;
}

TEST(AlertMailTest, OfTroubleAndItsEnd) {
  EXPECT_TRUE(IsAlert(Make(Event::ERROR, "worker")));
  EXPECT_TRUE(IsAlert(Make(Event::WARNING, "certificate")));
  EXPECT_TRUE(IsAlert(Make(Event::INFO, "check")));
  EXPECT_TRUE(IsAlert(Make(Event::INFO, "vrrp")));
  EXPECT_FALSE(IsAlert(Make(Event::INFO, "config")));
}

TEST(AlertMailTest, NotOfWhatStrangersCauseNorOfItself) {
  EXPECT_FALSE(IsAlert(Make(Event::WARNING, "audit")));
  EXPECT_FALSE(IsAlert(Make(Event::WARNING, kAlertSubject)));
  Event refused = Make(Event::ERROR, "service");
  refused.set_refused(true);
  EXPECT_FALSE(IsAlert(refused));
}

TEST(AlertMailTest, NamesTheWorstFirstAndTellsAll) {
  const AlertMail mail = ComposeAlert(
      "lb1", {Make(Event::WARNING, "check"), Make(Event::ERROR, "worker", "pid 7 ended")}, 3);
  EXPECT_EQ(mail.subject, "[lb1] worker imap/CAS1: pid 7 ended (and 4 more)");
  EXPECT_TRUE(
      mail.text.starts_with("2025-11-29 08:00:00 UTC WARNING check imap/CAS1: DOWN\n"
                            "2025-11-29 08:00:00 UTC ERROR worker imap/CAS1: pid 7 ended\n"
                            "and 3 more\n"))
      << mail.text;
}

TEST(AlertMailTest, OneAloneIsNotCounted) {
  EXPECT_EQ(ComposeAlert("lb1", {Make(Event::WARNING, "check")}, 0).subject,
            "[lb1] check imap/CAS1: DOWN");
}

TEST(AlertMailTest, ALongSubjectIsCutBetweenTwoCharacters) {
  // "[lb1] check imap/CAS1: " has 23 bytes.
  const std::string fits(177, 'x'), most(176, 'x');
  EXPECT_EQ(ComposeAlert("lb1", {Make(Event::WARNING, "check", fits)}, 0).subject,
            "[lb1] check imap/CAS1: " + fits);
  const AlertMail mail =
      ComposeAlert("lb1", {Make(Event::WARNING, "check", most + "\xc3\xa9 and so on")}, 2);
  EXPECT_EQ(mail.subject, "[lb1] check imap/CAS1: " + most + "... (and 2 more)");
  EXPECT_NE(mail.text.find(most + "\xc3\xa9 and so on\n"), std::string::npos);
}

TEST(AlertQueueTest, StaysBoundedAndCountsWhileNothingIsSent) {
  AlertQueue queue;
  uint64_t added = 0;
  for (int tries = 0; tries < 4; ++tries) {
    AlertQueue::Batch batch = queue.Take();
    for (size_t i = 0; i < AlertQueue::kMost + 5; ++i) {
      queue.Add(Make(Event::WARNING, "check", std::to_string(added++)));
    }
    queue.PutBack(std::move(batch));
  }
  const AlertQueue::Batch batch = queue.Take();
  EXPECT_EQ(batch.events.size(), AlertQueue::kMost);
  EXPECT_EQ(batch.events.size() + batch.more, added);
  EXPECT_EQ(batch.events.front().text(), "0");
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace aloha::supervisor
