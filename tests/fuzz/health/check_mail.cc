// The first byte chooses IMAP, POP3 or SMTP, the second the split; the rest is what the server
// says.
#include "tests/fuzz/health/drive.h"
#include "workers/health/mail_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto imap = aloha::health::MakeImapDialogue();
  static const auto pop3 = aloha::health::MakePop3Dialogue();
  static const auto smtp = aloha::health::MakeSmtpDialogue("");
  if (size == 0) return 0;
  aloha::health::Dialogue& dialogue = data[0] % 3 == 0 ? *imap : data[0] % 3 == 1 ? *pop3 : *smtp;
  aloha::health::Drive(dialogue, {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
