// What is encrypted in a backup, with a key that the fuzzer has: the stream is only ever opened as
// it was written.
#include "workers/keys/backup.h"

#include <sodium/core.h>

#include <cstdint>

#include "workers/keys/library.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return sodium_init() < 0 || !aloha::keys::PrepareLibrary() ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::keys;
  static const SecretBytes key(32, 'k');
  const auto opened = OpenStream(key, "header", {data, size});
  // A key that was opened is one that can be given on.
  if (!opened) return 0;
  for (const PrivateKey& one : opened->keys) {
    if (!one.ToPkcs8()) __builtin_trap();
  }
  return 0;
}
