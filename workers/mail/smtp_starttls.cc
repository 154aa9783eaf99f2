#include "workers/mail/smtp_starttls.h"

#include "workers/mail/lines.h"

namespace aloha::mail {
namespace {

SmtpStarttls::Step Failed(std::string_view reason) {
  return {.next = SmtpStarttls::Next::kFailed, .reason = reason};
}

}  // namespace

SmtpStarttls::Step SmtpStarttls::FromServer(std::string_view bytes) {
  bytes_.append(bytes);
  while (const auto line = FirstLine(bytes_)) {
    if (!reply_.Add(line->text)) return Failed("the server sent what is no reply of SMTP");
    bytes_.erase(0, line->raw.size());
    if (!reply_.complete()) continue;
    // Whatever stands behind an answer was said without being asked, and behind the last one would
    // be taken for something said in TLS.
    if (!bytes_.empty()) return Failed("the server spoke out of turn before TLS");
    return OnReply();
  }
  if (bytes_.size() > SmtpReply::kMaxSize) return Failed("the server sent a line that is too long");
  return {};
}

SmtpStarttls::Step SmtpStarttls::OnReply() {
  switch (awaited_) {
    case Awaited::kGreeting:
      greeting_ = reply_.bytes();
      if (reply_.code() != 220) return {.next = Next::kRefused};
      awaited_ = Awaited::kEhlo;
      return {.to_server = "EHLO " + name_ + "\r\n"};
    case Awaited::kEhlo:
      if (reply_.code() != 250) return Failed("the server refused EHLO");
      if (!reply_.Offers("STARTTLS")) return Failed("the server offers no STARTTLS");
      awaited_ = Awaited::kStarttls;
      return {.to_server = "STARTTLS\r\n"};
    case Awaited::kStarttls:
      break;
  }
  if (reply_.code() != 220) return Failed("the server refused STARTTLS");
  return {.next = Next::kHandshake};
}

}  // namespace aloha::mail
