// Timers, parsers and the relay.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "workers/net/client_hello.h"
#include "workers/net/networks.h"
#include "workers/net/proxy_protocol.h"
#include "workers/net/relay.h"
#include "workers/net/timer_wheel.h"

namespace aloha::net {
namespace {

class Session final : public Timer {
 public:
  void OnTimer() override {}
};

// What every new session does: arm for connecting, arm again for idleness, disarm.
void BM_TimerWheelPerSession(benchmark::State& state) {
  TimerWheel wheel(0);
  std::vector<std::unique_ptr<Session>> others;
  std::mt19937 random(1);
  for (int64_t i = 0; i < state.range(0); ++i) {
    others.push_back(std::make_unique<Session>());
    wheel.Arm(*others.back(), 1'000'000 + random() % 2'400'000);
  }
  Session session;
  uint64_t now = 0;
  for (auto _ : state) {
    wheel.Arm(session, now + 5'000);
    wheel.Arm(session, now + 600'000);
    wheel.Disarm(session);
    wheel.Advance(now);
  }
}
BENCHMARK(BM_TimerWheelPerSession)->Arg(0)->Arg(10'000);

void BM_TimerWheelSleep(benchmark::State& state) {
  TimerWheel wheel(0);
  Session near, far;
  wheel.Arm(near, 700);
  wheel.Arm(far, 2'400'000);
  for (auto _ : state) benchmark::DoNotOptimize(wheel.SleepMs(16));
}
BENCHMARK(BM_TimerWheelSleep);

void BM_ParseProxyHeaderV2(benchmark::State& state) {
  char header[kMaxBuiltProxyHeader];
  const size_t length = BuildProxyHeaderV2(Address::Parse("192.0.2.1", 1234).value(),
                                           Address::Parse("192.0.2.2", 25).value(), header);
  for (auto _ : state) benchmark::DoNotOptimize(ParseProxyHeader({header, length}));
}
BENCHMARK(BM_ParseProxyHeaderV2);

void BM_ReadServerNameOfCutHello(benchmark::State& state) {
  const std::string hello =
      "\x16\x03\x01\x02\x00\x01" + std::string("\x00\x01\xfc\x03\x03", 5) + std::string(500, '\0');
  for (auto _ : state) benchmark::DoNotOptimize(ReadServerName(hello));
}
BENCHMARK(BM_ReadServerNameOfCutHello);

void BM_AllowFrom(benchmark::State& state) {
  Networks networks;
  for (int i = 0; i < state.range(0); ++i) {
    (void)networks.Add("10." + std::to_string(i) + ".0.0/16");
  }
  const Ip ip = ParseIp("192.0.2.1").value();
  for (auto _ : state) benchmark::DoNotOptimize(networks.Contains(ip));
}
BENCHMARK(BM_AllowFrom)->Arg(1)->Arg(16);

// One message through the relay, socket pairs on both sides: system calls included.
void BM_RelayMessage(benchmark::State& state) {
  int in[2], out[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, in) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, out) != 0) {
    state.SkipWithError("socketpair");
    return;
  }
  Relay relay;
  Flow flow;
  std::string message(state.range(0), 'x');
  for (auto _ : state) {
    (void)send(in[0], message.data(), message.size(), 0);
    benchmark::DoNotOptimize(relay.Move(flow, {in[1]}, {out[0]}, false));
    (void)recv(out[1], message.data(), message.size(), 0);
  }
  for (const int fd : {in[0], in[1], out[0], out[1]}) close(fd);
}
BENCHMARK(BM_RelayMessage)->Arg(100)->Arg(16'384);

}  // namespace
}  // namespace aloha::net
