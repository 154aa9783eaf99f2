// What a server says before and after STARTTLS, in pieces that end with 0xff.
#include <cstdint>
#include <cstdlib>

#include "workers/mail/smtp_starttls.h"

using aloha::mail::SmtpStarttls;
using Next = SmtpStarttls::Next;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  SmtpStarttls start("a");
  std::string sent;
  Next next = Next::kGoOn;
  std::string_view piece;
  while (next == Next::kGoOn && !bytes.empty()) {
    piece = bytes.substr(0, bytes.find('\xff'));
    bytes.remove_prefix(std::min(piece.size() + 1, bytes.size()));
    const auto step = start.FromServer(piece);
    sent += step.to_server;
    next = step.next;
    if (next == Next::kFailed && step.reason.empty()) abort();
  }
  // TLS begins behind 220 and a line end, after both commands, with nothing left over.
  if (next == Next::kHandshake && (sent != "EHLO a\r\nSTARTTLS\r\n" || !piece.ends_with('\n')))
    abort();
  if (next == Next::kRefused && start.greeting().starts_with("220")) abort();
  return 0;
}
