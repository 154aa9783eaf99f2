// One mail on its way to a server (RFC 5321): the form of the message, and the client's side of the
// dialogue. No I/O.
#ifndef ALOHA_WORKERS_HEALTH_MAIL_SUBMISSION_H_
#define ALOHA_WORKERS_HEALTH_MAIL_SUBMISSION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "workers/mail/smtp_reply.h"

namespace aloha::health {

struct Mail {
  std::string host_name;  // of this machine
  std::string from;       // addresses, printable ASCII without "<" and ">"
  std::vector<std::string> to;
  std::string subject;  // what is no printable ASCII becomes "_"
  std::string text;     // UTF-8
  int64_t time_us = 0;  // since 1970-01-01 UTC
  std::string id;       // unique, printable ASCII without spaces
};

// Header and body (RFC 5322), quoted-printable (RFC 2045 section 6.7), lines ended by CRLF; says
// that a machine wrote it (RFC 3834).
std::string FormatMail(const Mail& mail);

// Goes to those whom the server takes: the text then ends with what it said about the others.
class MailSubmission {
 public:
  enum class State { kGoesOn, kTaken, kRefused };

  explicit MailSubmission(Mail mail);

  // Takes what the server said; what is to be said to it then is in to_send().
  State Feed(std::string_view bytes);
  const std::string& to_send() const { return to_send_; }
  // What is awaited: "greeting", "answer to MAIL FROM".
  const std::string& awaited() const { return awaited_; }
  // kRefused: "answer to RCPT TO:<a@b> was \"550 no\"", the first of them when nobody is taken.
  const std::string& reason() const { return reason_; }

 private:
  struct Step {
    std::string command;  // without its end
    std::string name;     // for people
    int expected;         // first digit of the answer's code
    bool recipient = false;
  };

  State OnReply(std::string_view last_line);
  std::string Message() const;  // with its end
  State Refuse(std::string reason);

  std::vector<Step> steps_;  // the first is the greeting, the last the end of the message
  size_t step_ = 0;
  Mail mail_;
  std::vector<std::string> refused_;  // recipients: reasons
  std::string line_;                  // the part of one that has come
  mail::SmtpReply reply_;
  std::string to_send_, awaited_, reason_;
};

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_MAIL_SUBMISSION_H_
