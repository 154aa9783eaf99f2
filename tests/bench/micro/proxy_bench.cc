// What a session costs besides its system calls: finding a server, and its log line.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "workers/proxy/access_log.h"
#include "workers/proxy/service.h"
#include "workers/runtime/stick_memory.h"

namespace aloha::proxy {
namespace {

std::shared_ptr<net::StickTable> MakeTable(uint32_t entries) {
  UniqueFd memory(memfd_create("stick", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (ftruncate(memory.get(), static_cast<off_t>(StickMemoryBytes(entries))) != 0) return nullptr;
  fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  return net::StickTable::Map("bench", std::move(memory), entries).value();
}

void ChooseAndLeave(benchmark::State& state, worker::v1::Balance balance, bool persistent) {
  Service service("imap", 1);
  ServicePlan plan;
  plan.balance = balance;
  if (persistent) {
    plan.table = MakeTable(65'536);
    plan.stick_expiry_ms = 60'000;
  }
  for (int i = 0; i < state.range(0); ++i) {
    const auto address = net::Address::Parse("127.0.0.1", 1000 + i).value();
    plan.servers.push_back({std::make_shared<Server>("s" + std::to_string(i), address, 1), {}});
  }
  (void)service.Apply(plan, 1);
  net::Ip client = net::ParseIp("192.0.2.1").value();
  uint32_t number = 0;
  for (auto _ : state) {
    client[14] = static_cast<uint8_t>(++number >> 8);
    client[15] = static_cast<uint8_t>(number);
    service.Enter();
    const auto choice = service.Choose({.client = client}, 1);
    benchmark::DoNotOptimize(service.Leave(choice.server.get(), false, 1));
  }
}
BENCHMARK_CAPTURE(ChooseAndLeave, round_robin, worker::v1::BALANCE_ROUND_ROBIN, false)
    ->Arg(2)
    ->Arg(16);
BENCHMARK_CAPTURE(ChooseAndLeave, least, worker::v1::BALANCE_LEAST_CONNECTIONS, false)->Arg(2);
BENCHMARK_CAPTURE(ChooseAndLeave, source_hash, worker::v1::BALANCE_SOURCE_HASH, false)->Arg(2);
BENCHMARK_CAPTURE(ChooseAndLeave, persistent, worker::v1::BALANCE_ROUND_ROBIN, true)->Arg(2);

void BM_AccessLine(benchmark::State& state) {
  SessionRecord record;
  record.client = net::Address::Parse("192.0.2.1", 1234).value();
  record.accepted_us = 1'765'432'109'655'000;
  record.service = "imap";
  record.server = "CAS1";
  for (auto _ : state) benchmark::DoNotOptimize(FormatAccessLine(record));
}
BENCHMARK(BM_AccessLine);

}  // namespace
}  // namespace aloha::proxy
