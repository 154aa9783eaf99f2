// What a mail server says before anybody signs in: IMAP, POP3 and SMTP.
#ifndef ALOHA_WORKERS_HEALTH_MAIL_PROTOCOL_H_
#define ALOHA_WORKERS_HEALTH_MAIL_PROTOCOL_H_

#include <memory>
#include <string>

#include "workers/health/protocol.h"

namespace aloha::health {

// Success: the greeting is "* OK" or "* PREAUTH" (RFC 9051 section 7.1). Nothing is sent.
std::unique_ptr<Dialogue> MakeImapDialogue();

// Success: the greeting is "+OK" (RFC 1939 section 4). Nothing is sent.
std::unique_ptr<Dialogue> MakePop3Dialogue();

// Success: greeting 220, then EHLO answered by 250, each over any number of lines (RFC 5321
// sections 3.1, 3.2 and 4.2.1); then QUIT, answered by anything or by a close. ehlo_name empty:
// "aloha.check.invalid".
std::unique_ptr<Dialogue> MakeSmtpDialogue(const std::string& ehlo_name);

}  // namespace aloha::health

#endif  // ALOHA_WORKERS_HEALTH_MAIL_PROTOCOL_H_
