#include "workers/health/proxy_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <map>

#include "tests/unit/health/simulation.h"
#include "workers/runtime/packet.h"

namespace aloha::health {
namespace {

struct Link : testing::Test {
  asio::io_context loop;
  Simulation sim;
  TargetBoard board;
  ProxyLink link{loop, board};
  SocketPair pair;

  void SetUp() override {
    auto made = MakeSocketPair(SOCK_SEQPACKET);
    ASSERT_TRUE(made);
    pair = std::move(*made);
  }

  void Show(size_t count) {
    std::vector<TargetSpec> targets;
    for (size_t i = 0; i < count; ++i) {
      targets.push_back({std::string(200, 's'), std::to_string(i), {}});
    }
    board.Replace(std::move(targets), sim.checker, 1);
  }

  // Reads what waits; counts how often each server was named.
  void Read(std::map<std::string, int>* names) {
    while (true) {
      const Result<Packet> packet = ReceivePacket(pair.theirs.get());
      if (!packet) return;
      EXPECT_LT(packet->payload.size(), 60u * 1024);
      worker::v1::TargetStates states;
      ASSERT_TRUE(states.ParseFromString(packet->payload));
      for (const auto& state : states.targets()) ++(*names)[state.server()];
    }
  }
};

TEST_F(Link, BeginsWithEveryStateAndThenTellsEach) {
  Show(3);
  link.Send(0);  // nobody there yet
  link.Connect(std::move(pair.ours));
  std::map<std::string, int> names;
  Read(&names);
  EXPECT_EQ(names, (std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}}));
  link.Send(2);
  Read(&names);
  EXPECT_EQ(names["2"], 2);
}

TEST_F(Link, ASlowProxyGetsEverythingInTheEnd) {
  Show(5000);  // about 1 MB, more than the socket holds
  link.Connect(std::move(pair.ours));
  for (size_t i = 0; i < 5000; ++i) link.Send(i);  // already marked
  std::map<std::string, int> names;
  for (int i = 0; i < 2000 && names.size() < 5000; ++i) {
    Read(&names);
    loop.restart();
    loop.run_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(names.size(), 5000u);
  EXPECT_LE(names["4999"], 2);
}

TEST_F(Link, OutlivesTheProxy) {
  Show(1);
  link.Connect(std::move(pair.ours));
  pair.theirs.reset();
  link.Send(0);
  link.Send(0);
  SetUp();
  link.Connect(std::move(pair.ours));
  std::map<std::string, int> names;
  Read(&names);
  EXPECT_EQ(names["0"], 1);
}

}  // namespace
}  // namespace aloha::health
