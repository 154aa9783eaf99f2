// The record layer of TLS: per record, and what a context costs that has to be made anew.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "workers/net/tls_context_cache.h"
#include "workers/net/tls_records.h"

namespace aloha::net {
namespace {

constexpr uint16_t kAes128 = 0x1301, kAes256 = 0x1302, kChaCha = 0x1303;

handoff::v1::TrafficKeys Keys(uint16_t cipher, bool client) {
  const size_t size = cipher == kAes256 ? 48 : 32;
  handoff::v1::TrafficKeys keys;
  keys.set_version(0x0304);
  keys.set_cipher(cipher);
  keys.set_client(client);
  keys.set_read_secret(std::string(size, client ? 's' : 'c'));
  keys.set_write_secret(std::string(size, client ? 'c' : 's'));
  return keys;
}

std::unique_ptr<TlsRecords> Server(uint16_t cipher, TlsContextCache& cache) {
  return TlsRecords::Create(Keys(cipher, false), cache).value();
}

// Four records of a stream per call, as the data path has it when there is much to send.
void BM_TlsSeal(benchmark::State& state) {
  TlsContextCache cache;
  const auto records = Server(state.range(0), cache);
  const size_t record_bytes = state.range(1);
  const std::string text(4 * record_bytes, 'x');
  std::string out(records->SealedBound(text.size(), record_bytes), '\0');
  const iovec part{const_cast<char*>(text.data()), text.size()};
  for (auto _ : state) {
    benchmark::DoNotOptimize(records->Seal(&part, 1, record_bytes, out.data()));
  }
  state.SetItemsProcessed(state.iterations() * 4);
  state.SetBytesProcessed(state.iterations() * text.size());
}
BENCHMARK(BM_TlsSeal)->ArgsProduct({{kAes128, kAes256, kChaCha}, {1024, 16384}});

// Opens what a client sealed beforehand: as much as fits into 64 MB, over and over.
void BM_TlsOpen(benchmark::State& state) {
  TlsContextCache cache;
  const size_t record_bytes = state.range(1);
  const auto client = TlsRecords::Create(Keys(state.range(0), true), cache).value();
  const std::string text(4 * record_bytes, 'x');
  const iovec part{const_cast<char*>(text.data()), text.size()};
  std::vector<std::string> wire(std::min<size_t>(1000, (64 << 20) / text.size()));
  for (std::string& some : wire) {
    some.resize(client->SealedBound(text.size(), record_bytes));
    some.resize(client->Seal(&part, 1, record_bytes, some.data()));
  }
  std::string out(text.size() + 1, '\0');
  auto records = Server(state.range(0), cache);
  size_t next = 0;
  for (auto _ : state) {
    if (next == wire.size()) {
      state.PauseTiming();
      records = Server(state.range(0), cache);
      next = 0;
      state.ResumeTiming();
    }
    const std::string& some = wire[next++];
    const auto opened = records->Open(some.data(), some.size(), out.data(), out.size());
    if (opened.produced != text.size()) state.SkipWithError(opened.reason);
  }
  state.SetItemsProcessed(state.iterations() * 4);
  state.SetBytesProcessed(state.iterations() * text.size());
}
BENCHMARK(BM_TlsOpen)->ArgsProduct({{kAes128, kAes256, kChaCha}, {1024, 16384}});

// One small record on each of many connections in turn, with contexts for all of them or for none:
// the difference is what one is worth.
void BM_TlsSealTurnByTurn(benchmark::State& state) {
  constexpr size_t kConnections = 256;
  TlsContextCache cache(state.range(1) ? kConnections : 1);
  std::vector<std::unique_ptr<TlsRecords>> connections;
  for (size_t i = 0; i < kConnections; ++i) connections.push_back(Server(state.range(0), cache));
  const std::string text(100, 'x');
  std::string out(connections[0]->SealedBound(text.size(), text.size()), '\0');
  const iovec part{const_cast<char*>(text.data()), text.size()};
  size_t next = 0;
  for (auto _ : state) {
    TlsRecords& records = *connections[next++ % kConnections];
    benchmark::DoNotOptimize(records.Seal(&part, 1, text.size(), out.data()));
  }
}
BENCHMARK(BM_TlsSealTurnByTurn)->ArgsProduct({{kAes128, kAes256, kChaCha}, {false, true}});

}  // namespace
}  // namespace aloha::net
