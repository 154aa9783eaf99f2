// Owners of what both crypto libraries allocate. Only for sources that include their headers.
#ifndef ALOHA_WORKERS_KEYS_OWNED_H_
#define ALOHA_WORKERS_KEYS_OWNED_H_

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>

namespace aloha::keys {

template <auto Free>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, FreeBy<Free>>;

inline void FreeBytes(void* bytes) { OPENSSL_free(bytes); }
using OwnedBytes = Owned<uint8_t, FreeBytes>;

}  // namespace aloha::keys

#endif  // ALOHA_WORKERS_KEYS_OWNED_H_
