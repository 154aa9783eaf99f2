// The socket to another worker, shared by the threads.
#ifndef ALOHA_WORKERS_TLS_PEER_H_
#define ALOHA_WORKERS_TLS_PEER_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "workers/runtime/unique_fd.h"

namespace aloha::tls {

struct Peer {
  Peer(uint64_t number, UniqueFd descriptor) : id(number), socket(std::move(descriptor)) {}

  const uint64_t id;      // never 0, no other has it
  const UniqueFd socket;  // SOCK_SEQPACKET
  // One thread found the other end gone and said so in the log.
  mutable std::atomic<bool> gone{false};
};
using SharedPeer = std::shared_ptr<const Peer>;

}  // namespace aloha::tls

#endif  // ALOHA_WORKERS_TLS_PEER_H_
