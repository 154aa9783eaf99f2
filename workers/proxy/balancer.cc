#include "workers/proxy/balancer.h"

#include <cmath>

namespace aloha::proxy {
namespace {

// Sessions per weight, compared without division. The session to come counts, so that weights
// matter among idle servers.
bool LessLoaded(const Candidate& a, const Candidate& b) {
  return (uint64_t{a.server->active} + 1) * b.weight < (uint64_t{b.server->active} + 1) * a.weight;
}

}  // namespace

size_t ChooseRoundRobin(std::span<const Candidate> candidates) {
  int64_t sum = 0;
  size_t best = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Server& server = *candidates[i].server;
    server.round_robin_credit += candidates[i].weight;
    sum += candidates[i].weight;
    if (server.round_robin_credit > candidates[best].server->round_robin_credit) best = i;
  }
  candidates[best].server->round_robin_credit -= sum;
  return best;
}

size_t ChooseLeastConnections(std::span<const Candidate> candidates) {
  size_t least = 0;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (LessLoaded(candidates[i], candidates[least])) least = i;
  }
  // Round robin among those that are no more loaded.
  int64_t sum = 0;
  size_t best = least;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (LessLoaded(candidates[least], candidates[i])) continue;
    Server& server = *candidates[i].server;
    server.round_robin_credit += candidates[i].weight;
    sum += candidates[i].weight;
    if (server.round_robin_credit > candidates[best].server->round_robin_credit) best = i;
  }
  candidates[best].server->round_robin_credit -= sum;
  return best;
}

size_t ChooseByHash(std::span<const Candidate> candidates, uint64_t client_hash) {
  size_t best = 0;
  double best_score = -1;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const uint64_t hash = net::Mix64(client_hash ^ candidates[i].server->name_hash);
    const double chance = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;  // in (0, 1)
    const double score = candidates[i].weight / -std::log(chance);
    if (score > best_score) {
      best_score = score;
      best = i;
    }
  }
  return best;
}

}  // namespace aloha::proxy
