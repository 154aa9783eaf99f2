// Replies of SMTP servers (RFC 5321 section 4.2).
#ifndef ALOHA_WORKERS_MAIL_SMTP_REPLY_H_
#define ALOHA_WORKERS_MAIL_SMTP_REPLY_H_

#include <optional>
#include <string>
#include <string_view>

namespace aloha::mail {

struct SmtpReplyLine {
  int code = 0;
  bool last = false;      // of its reply
  std::string_view text;  // behind the code
};

// Three digits, then "-" (more follow), a space or nothing. line: without its end.
std::optional<SmtpReplyLine> ReadSmtpReplyLine(std::string_view line);

// A reply gathered line by line.
class SmtpReply {
 public:
  // Of all its lines.
  static constexpr size_t kMaxSize = 32 * 1024;

  // False: that is no line of this reply, or it became too large. The first line after a whole
  // reply begins the next.
  bool Add(std::string_view line);

  // Its last line has come.
  bool complete() const { return complete_; }
  int code() const { return code_; }
  // Whether a line after the first begins with this keyword (RFC 5321 section 4.1.1.1).
  bool Offers(std::string_view keyword) const;
  // As the server sent it, but for the ends of lines: CRLF.
  const std::string& bytes() const { return bytes_; }
  // What the client gets instead of a complete answer to EHLO. Before TLS (secure false): STARTTLS
  // added, what signs in removed. After it: STARTTLS removed.
  std::string EditedEhlo(bool secure) const;

 private:
  std::string bytes_;
  int code_ = 0;
  bool complete_ = true;
};

}  // namespace aloha::mail

#endif  // ALOHA_WORKERS_MAIL_SMTP_REPLY_H_
