// How a new session finds one of several servers. Pure functions of the candidates; the caller
// holds the service's lock.
#ifndef ALOHA_WORKERS_PROXY_BALANCER_H_
#define ALOHA_WORKERS_PROXY_BALANCER_H_

#include <cstdint>
#include <span>

#include "workers/proxy/server.h"

namespace aloha::proxy {

struct Candidate {
  std::shared_ptr<Server> server;
  uint32_t weight = 0;  // effective weight in 1/256, at least 1
};

// All: `candidates` is not empty. The index of the chosen one.

// Smooth weighted round robin: each candidate earns its weight, the richest is chosen and pays the
// sum of all. Servers take turns in proportion without bursts. Keeps the credit in the servers.
size_t ChooseRoundRobin(std::span<const Candidate> candidates);
// Fewest sessions per weight; round robin between equals.
size_t ChooseLeastConnections(std::span<const Candidate> candidates);
// Weighted rendezvous hashing (highest random weight): when a server goes, only its clients move.
size_t ChooseByHash(std::span<const Candidate> candidates, uint64_t client_hash);

}  // namespace aloha::proxy

#endif  // ALOHA_WORKERS_PROXY_BALANCER_H_
