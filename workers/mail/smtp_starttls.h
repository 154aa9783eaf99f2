// STARTTLS towards an SMTP server (RFC 3207), before its client is served.
#ifndef ALOHA_WORKERS_MAIL_SMTP_STARTTLS_H_
#define ALOHA_WORKERS_MAIL_SMTP_STARTTLS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "workers/mail/smtp_reply.h"

namespace aloha::mail {

// Greeting, EHLO, STARTTLS. The server's greeting is kept for the client, who then says EHLO
// himself.
class SmtpStarttls {
 public:
  enum class Next : uint8_t {
    kGoOn,
    kHandshake,  // TLS begins with the server
    kRefused,    // the server serves nobody now: greeting() says so to the client
    kFailed,     // there will be no TLS, for `reason`
  };
  struct Step {
    std::string to_server;
    Next next = Next::kGoOn;
    std::string_view reason;  // static, for the log
  };

  // name: what EHLO tells, a domain or an address literal (RFC 5321 section 4.1.3).
  explicit SmtpStarttls(std::string_view name) : name_(name) {}

  // The server said `bytes`; not called after kHandshake, kRefused or kFailed.
  Step FromServer(std::string_view bytes);

  // Whole, with CRLF.
  const std::string& greeting() const { return greeting_; }

 private:
  enum class Awaited : uint8_t { kGreeting, kEhlo, kStarttls };

  Step OnReply();

  const std::string name_;
  std::string bytes_;  // the beginning of a line
  std::string greeting_;
  SmtpReply reply_;
  Awaited awaited_ = Awaited::kGreeting;
};

}  // namespace aloha::mail

#endif  // ALOHA_WORKERS_MAIL_SMTP_STARTTLS_H_
