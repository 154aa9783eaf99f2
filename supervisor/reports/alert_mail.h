// Which events are worth a mail, and how it reads. Pure.
#ifndef ALOHA_SUPERVISOR_REPORTS_ALERT_MAIL_H_
#define ALOHA_SUPERVISOR_REPORTS_ALERT_MAIL_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "admin/v1/admin.pb.h"

namespace aloha::supervisor {

// What alerts themselves are called among events.
inline constexpr char kAlertSubject[] = "alert";

// Warnings and errors, and what takes them back: a server that is up, news of virtual addresses.
// Not refused calls, which whoever can reach a port may cause, and not trouble with alerts.
bool IsAlert(const admin::v1::Event& event);

struct AlertMail {
  std::string subject;
  std::string text;
};
// One mail for all of them; there is one at least. `more`: left out because they were too many. A
// long subject is cut between two characters; the text tells all.
AlertMail ComposeAlert(const std::string& host_name, const std::deque<admin::v1::Event>& events,
                       uint64_t more);

// Events that wait for a mail.
class AlertQueue {
 public:
  // More are counted alone.
  static constexpr size_t kMost = 200;

  struct Batch {
    std::deque<admin::v1::Event> events;
    uint64_t more = 0;
  };

  bool empty() const { return waiting_.events.empty(); }
  void Add(const admin::v1::Event& event);
  Batch Take() { return std::exchange(waiting_, {}); }
  // What was taken and not sent, before what came meanwhile.
  void PutBack(Batch batch);

 private:
  Batch waiting_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_REPORTS_ALERT_MAIL_H_
