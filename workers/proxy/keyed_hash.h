// Hashes that stand for what must not be kept.
#ifndef ALOHA_WORKERS_PROXY_KEYED_HASH_H_
#define ALOHA_WORKERS_PROXY_KEYED_HASH_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "workers/net/address.h"

namespace aloha::proxy {

// BLAKE2b with a key, 128 bits, in the shape of the keys of a stick table. Without the key nobody
// can tell which text a hash is of.
net::Ip KeyedHash(const std::array<uint8_t, 32>& key, std::string_view text);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_KEYED_HASH_H_
