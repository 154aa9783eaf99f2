// The protocols of Dialogue::Make.
#ifndef ALOHA_WORKERS_MAIL_PROTOCOLS_H_
#define ALOHA_WORKERS_MAIL_PROTOCOLS_H_

#include <memory>

#include "workers/mail/dialogue.h"

namespace aloha::mail {

std::unique_ptr<Dialogue> MakeSmtp(bool required);
std::unique_ptr<Dialogue> MakeImap();
std::unique_ptr<Dialogue> MakePop3();

}  // namespace aloha::mail

#endif  // ALOHA_WORKERS_MAIL_PROTOCOLS_H_
