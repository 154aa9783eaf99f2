// What the paired node sealed, after the seal was opened: a private key, or a secret of the
// supervisor's, but never one taken for the other.
#include "workers/keys/transfer.h"

#include <sodium/core.h>

#include <cstdint>
#include <cstdlib>

#include "workers/keys/library.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return sodium_init() < 0 || !aloha::keys::PrepareLibrary() ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aloha::keys;
  const auto key = UnwrapKey({data, size});
  const auto secret = UnwrapSecret(Purpose::kSupervisorSecret, {data, size});
  if (key && secret) std::abort();
  // A key that was taken is one that can be given on, as it is.
  if (key) {
    const auto wrapped = WrapKey(*key);
    if (!wrapped) std::abort();
    const auto again = UnwrapKey(*wrapped);
    if (!again || again->hash() != key->hash()) std::abort();
  }
  return 0;
}
