#include "workers/proxy/balancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace aloha::proxy {
namespace {

std::vector<Candidate> Make(const std::vector<uint32_t>& weights) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto address = net::Address::Parse("127.0.0.1", static_cast<uint32_t>(1000 + i)).value();
    candidates.push_back(
        {std::make_shared<Server>("s" + std::to_string(i), address, 1), weights[i]});
  }
  return candidates;
}

TEST(BalancerTest, RoundRobinAlternates) {
  const auto candidates = Make({256, 256});
  std::string order;
  for (int i = 0; i < 6; ++i) order += static_cast<char>('a' + ChooseRoundRobin(candidates));
  EXPECT_EQ(order, "ababab");
}

TEST(BalancerTest, RoundRobinIsSmooth) {
  const auto candidates = Make({5, 1, 1});
  std::string order;
  for (int i = 0; i < 7; ++i) order += static_cast<char>('a' + ChooseRoundRobin(candidates));
  EXPECT_EQ(order, "aabacaa");
}

TEST(BalancerTest, LeastConnectionsPerWeight) {
  const auto candidates = Make({256, 512});
  for (int i = 0; i < 300; ++i) ++candidates[ChooseLeastConnections(candidates)].server->active;
  EXPECT_NEAR(candidates[0].server->active, 100, 2);
  EXPECT_NEAR(candidates[1].server->active, 200, 2);
  candidates[1].server->active = 150;
  EXPECT_EQ(ChooseLeastConnections(candidates), 1u);
}

TEST(BalancerTest, LeastConnectionsTakesTurnsBetweenEquals) {
  const auto candidates = Make({256, 256, 256});
  std::vector<int> chosen(3);
  for (int i = 0; i < 30; ++i) ++chosen[ChooseLeastConnections(candidates)];
  EXPECT_THAT(chosen, testing::ElementsAre(10, 10, 10));
}

TEST(BalancerTest, HashSpreadsByWeightAndMovesNobodyElse) {
  const auto all = Make({100, 100, 200});
  const std::vector<Candidate> without(all.begin(), all.begin() + 2);
  std::vector<int> chosen(3);
  int moved = 0;
  constexpr int kClients = 20'000;
  for (int i = 0; i < kClients; ++i) {
    const uint64_t hash = net::Mix64(i);
    const size_t before = ChooseByHash(all, hash);
    ++chosen[before];
    if (before < 2 && ChooseByHash(without, hash) != before) ++moved;
  }
  EXPECT_NEAR(chosen[0], kClients / 4, kClients / 50);
  EXPECT_NEAR(chosen[1], kClients / 4, kClients / 50);
  EXPECT_NEAR(chosen[2], kClients / 2, kClients / 50);
  EXPECT_EQ(moved, 0);
}

}  // namespace
}  // namespace aloha::proxy
