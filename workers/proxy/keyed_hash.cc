#include "workers/proxy/keyed_hash.h"

#include <sodium/crypto_generichash.h>

namespace aloha::proxy {

net::Ip KeyedHash(const std::array<uint8_t, 32>& key, std::string_view text) {
  net::Ip hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), key.data(), key.size());
  return hash;
}

}  // namespace aloha::proxy
