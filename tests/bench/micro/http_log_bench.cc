// What the log line and the response time of one HTTP request cost.
#include <benchmark/benchmark.h>

#include <string>

#include "workers/net/histogram.h"
#include "workers/proxy/http_log.h"

namespace aloha::proxy {
namespace {

using Format = void (*)(std::string&, const RequestRecord&, LogClock&);

void BM_HttpLog(benchmark::State& state, Format format) {
  const auto client = net::Address::Parse("192.0.2.1", 51234).value();
  RequestRecord record{client};
  record.accepted_us = 1'765'432'109'655'000;
  record.frontend = "mail-https";
  record.backend = "owa";
  record.server = "CAS1";
  record.request_ms = record.queue_ms = record.connect_ms = 0;
  record.response_ms = record.total_ms = 12;
  record.status = 200;
  record.bytes_to_client = 12'345;
  record.method = "GET";
  record.target = "/owa/service.svc?action=GetFolder&EP=1&ID=-12&AC=1";
  record.version = "HTTP/1.1";
  LogClock clock;
  std::string line;
  for (auto _ : state) {
    line.clear();
    format(line, record, clock);
    benchmark::DoNotOptimize(line.data());
  }
}
BENCHMARK_CAPTURE(BM_HttpLog, text, AppendHttpLine);
BENCHMARK_CAPTURE(BM_HttpLog, json, AppendHttpJson);

void BM_HistogramAdd(benchmark::State& state) {
  net::Histogram histogram;
  uint64_t value = 0;
  for (auto _ : state) histogram.Add(value += 37);
}
BENCHMARK(BM_HistogramAdd);

}  // namespace
}  // namespace aloha::proxy
