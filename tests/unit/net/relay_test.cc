#include "workers/net/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "workers/net/address.h"

namespace aloha::net {
namespace {

using Outcome = Relay::Outcome;

struct TcpPair {
  UniqueFd a, b;  // non-blocking
};

TcpPair MakeTcpPair() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener.get(), name, length), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), name, &length), 0);
  TcpPair pair;
  pair.a.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  (void)connect(pair.a.get(), name, length);
  pair.b.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  EXPECT_TRUE(pair.b);
  return pair;
}

// A byte pattern without a short period.
char PatternAt(uint64_t i) { return static_cast<char>(Mix64(i / 8) >> (i % 8 * 8)); }

class RelayTest : public testing::Test {
 protected:
  // Writes pattern bytes until the socket is full or `end` is reached.
  void Fill(uint64_t end) {
    while (written_ < end) {
      std::string chunk(std::min<uint64_t>(end - written_, 100'000), '\0');
      for (size_t i = 0; i < chunk.size(); ++i) chunk[i] = PatternAt(written_ + i);
      const ssize_t sent = send(source_.a.get(), chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (sent < 0) return;
      written_ += sent;
    }
  }
  // Reads and checks up to `most` bytes.
  void Drain(uint64_t most) {
    std::string chunk(100'000, '\0');
    while (most > 0) {
      const ssize_t got = recv(sink_.b.get(), chunk.data(), std::min<uint64_t>(most, 100'000), 0);
      if (got <= 0) {
        ended_ = ended_ || got == 0;
        return;
      }
      for (ssize_t i = 0; i < got; ++i) ASSERT_EQ(chunk[i], PatternAt(read_ + i));
      read_ += got;
      most -= got;
    }
  }
  Outcome Move(bool to_the_end = false) {
    return relay_.Move(flow_, {source_.b.get()}, {sink_.a.get()}, to_the_end);
  }

  Relay relay_;
  Flow flow_;
  TcpPair source_ = MakeTcpPair(), sink_ = MakeTcpPair();
  uint64_t written_ = 0, read_ = 0;
  bool ended_ = false;
};

TEST_F(RelayTest, SmallBytesAreCopiedAndNothingIsKept) {
  Fill(100);
  EXPECT_EQ(Move(), Outcome::kDrained);
  EXPECT_EQ(flow_.bytes, 100u);
  EXPECT_EQ(flow_.waiting, 0u);
  EXPECT_EQ(flow_.backlog, nullptr);
  EXPECT_FALSE(flow_.pipe);
  Drain(1000);
  EXPECT_EQ(read_, 100u);
}

TEST_F(RelayTest, EndComesAfterTheLastByte) {
  Fill(50'000);
  shutdown(source_.a.get(), SHUT_WR);
  EXPECT_EQ(Move(true), Outcome::kEnded);
  Drain(60'000);
  EXPECT_EQ(read_, 50'000u);
}

TEST_F(RelayTest, AFullReceiverStopsReading) {
  Outcome outcome = Outcome::kDrained;
  for (int i = 0; i < 10'000 && outcome != Outcome::kBlocked; ++i) {
    Fill(written_ + 10'000);  // never hot
    outcome = Move();
  }
  ASSERT_EQ(outcome, Outcome::kBlocked);
  EXPECT_GT(flow_.waiting, 0u);
  EXPECT_LE(flow_.waiting, Relay::kBufferBytes);
  EXPECT_FALSE(flow_.pipe);
  EXPECT_EQ(Move(), Outcome::kBlocked);
  while (flow_.waiting > 0) {
    Drain(UINT64_MAX);
    (void)Move();
  }
  Drain(UINT64_MAX);
  EXPECT_EQ(flow_.backlog, nullptr);
  EXPECT_EQ(read_, flow_.bytes);
}

TEST_F(RelayTest, AHotStreamIsSplicedWithItsBytesInOrder) {
  constexpr uint64_t kTotal = 24 << 20;
  bool spliced = false;
  while (read_ < kTotal) {
    Fill(kTotal);
    (void)Move();
    spliced = spliced || flow_.heat >= 2;
    Drain(written_ % 7 == 0 ? 10'000 : 3'000'000);  // sometimes slowly
  }
  EXPECT_TRUE(spliced);
  EXPECT_EQ(flow_.bytes, kTotal);
  EXPECT_EQ(Move(), Outcome::kDrained);
  EXPECT_FALSE(flow_.pipe);  // nothing held while quiet
  EXPECT_EQ(flow_.heat, 0);
}

TEST_F(RelayTest, BlockedPipesAreKeptAndReleased) {
  Outcome outcome = Outcome::kDrained;
  for (int i = 0; i < 1000 && !(outcome == Outcome::kBlocked && flow_.pipe); ++i) {
    Fill(written_ + (1 << 20));
    outcome = Move();
    if (!flow_.pipe) Drain(300'000);
  }
  ASSERT_TRUE(flow_.pipe);
  EXPECT_LE(flow_.waiting, static_cast<uint32_t>(PipePool::kPipeBytes));
  relay_.Release(flow_);
  EXPECT_FALSE(flow_.pipe);
  EXPECT_EQ(flow_.waiting, 0u);
}

TEST_F(RelayTest, ErrorsNameTheirSide) {
  const linger reset{1, 0};
  setsockopt(source_.a.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  source_.a.reset();
  EXPECT_EQ(Move(true), Outcome::kInFailed);
  EXPECT_EQ(errno, ECONNRESET);

  source_ = MakeTcpPair();
  Fill(10);
  setsockopt(sink_.b.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  sink_.b.reset();
  EXPECT_EQ(Move(), Outcome::kOutFailed);
}

TEST(PipePoolTest, IsBounded) {
  PipePool pool;
  std::vector<Pipe> lent;
  for (int i = 0; i < 1000; ++i) {
    Pipe pipe = pool.Take();
    if (!pipe) break;
    lent.push_back(std::move(pipe));
  }
  EXPECT_LE(lent.size(), static_cast<size_t>(PipePool::kMaxDescriptors / 2));
  ASSERT_FALSE(lent.empty());
  pool.Discard(std::move(lent.back()));
  lent.pop_back();
  EXPECT_TRUE(pool.Take());
}

}  // namespace
}  // namespace aloha::net
