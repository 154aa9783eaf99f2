// What another machine sends to be paired, and what people type as a code. A MAC cannot be guessed,
// so a message that can be read is tried a second time with the right one.
#include "workers/keys/pairing.h"

#include <sodium.h>

#include <cstdlib>

#include "workers/keys/pairing_code.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::keys;
  static const bool ready = sodium_init() >= 0;
  static const SecretBytes code(kPairingSecretBytes, 7);
  if (!ready) abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto secret = ReadPairingCode(text)) {
    if (*ReadPairingCode(WritePairingCode(*secret)) != *secret) abort();
  }
  const auto read = ParsePairingMessage(text);
  if (!read) return 0;
  if (VerifyJoin(code, *read)) abort();
  const SentMessage join = MakeJoin(code, read->identity);
  const auto own = ParsePairingMessage(join.serialized);
  if (!own || !VerifyJoin(code, *own)) abort();
  const auto answer = ParsePairingMessage(MakeAnswer(code, read->message, read->identity));
  if (!answer || !VerifyAnswer(code, read->message, *answer)) abort();
  if (VerifyAnswer(code, join.message, *answer)) abort();
  return 0;
}
