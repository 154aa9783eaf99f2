// aloha-load: makes traffic for tests/bench/compare, and serves it at the other end.
//
//   aloha-load origin ECHO_PORT SOURCE_PORT SINK_PORT
//   aloha-load exchange PORT CONNECTIONS OPERATIONS SIZE     request and answer, again and again
//   aloha-load connect PORT CONNECTIONS OPERATIONS SIZE      the same with a connection for each
//   aloha-load down PORT BYTES                               from a source
//   aloha-load up PORT BYTES                                 to a sink
//   aloha-load idle PORT CONNECTIONS                         holds them until standard input ends
//
// All of it on 127.0.0.1, in one thread. Prints one line of JSON.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/bench/load/client.h"
#include "tests/bench/load/origin.h"

namespace aloha::load {
namespace {

uint32_t Percentile(std::vector<uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

int Print(Report report) {
  std::printf(
      "{\"operations\": %llu, \"errors\": %llu, \"bytes\": %llu, \"seconds\": %.6f, "
      "\"p50_us\": %u, \"p99_us\": %u}\n",
      static_cast<unsigned long long>(report.operations),
      static_cast<unsigned long long>(report.errors), static_cast<unsigned long long>(report.bytes),
      report.seconds, Percentile(report.latencies, 0.5), Percentile(report.latencies, 0.99));
  std::fflush(stdout);
  return report.errors == 0 ? 0 : 1;
}

// Connections need descriptors: as many as the system allows.
void RaiseLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Run(std::string_view what, const std::vector<uint64_t>& numbers) {
  const auto port = [&](size_t i) { return static_cast<uint16_t>(numbers[i]); };
  RaiseLimit();
  if (what == "origin" && numbers.size() == 3) {
    RunOrigin({.echo = port(0), .source = port(1), .sink = port(2)});
  }
  if ((what == "exchange" || what == "connect") && numbers.size() == 4) {
    return Print(RunExchanges({.port = port(0),
                               .connections = numbers[1],
                               .operations = numbers[2],
                               .size = numbers[3],
                               .reconnect = what == "connect"}));
  }
  if (what == "down" && numbers.size() == 2) return Print(RunDown(port(0), numbers[1]));
  if (what == "up" && numbers.size() == 2) return Print(RunUp(port(0), numbers[1]));
  if (what == "idle" && numbers.size() == 2) {
    const int code = Print(OpenIdle(port(0), numbers[1]));
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return code;
  }
  std::fputs("aloha-load: wrong arguments, see the head of tests/bench/load/main.cc\n", stderr);
  return 2;
}

}  // namespace
}  // namespace aloha::load

int main(int argc, char** argv) {
  std::vector<uint64_t> numbers;
  for (int i = 2; i < argc; ++i) numbers.push_back(std::strtoull(argv[i], nullptr, 10));
  return aloha::load::Run(argc > 1 ? argv[1] : "", numbers);
}
