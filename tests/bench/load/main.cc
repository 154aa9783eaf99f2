// aloha-load: makes traffic for tests/bench/compare and compare-tls, and serves it at the other
// end.
//
//   aloha-load origin ECHO_PORT SOURCE_PORT SINK_PORT
//   aloha-load exchange PORT CONNECTIONS OPERATIONS SIZE     request and answer, again and again
//   aloha-load connect PORT CONNECTIONS OPERATIONS SIZE      the same with a connection for each
//   aloha-load down PORT BYTES                               from a source
//   aloha-load up PORT BYTES                                 to a sink
//   aloha-load idle PORT CONNECTIONS                         holds them until standard input ends
//   aloha-load handshake PORT CONNECTIONS OPERATIONS MINOR   TLS 1.MINOR, full handshakes
//   aloha-load resume PORT CONNECTIONS OPERATIONS MINOR      the same, resumed
//   aloha-load tls-down, tls-up, tls-idle                    as above, in TLS 1.3
//
// All of it on 127.0.0.1, in one thread. Prints one line of JSON.
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/bench/load/client.h"
#include "tests/bench/load/handshakes.h"
#include "tests/bench/load/origin.h"
#include "tests/bench/load/tls_transfer.h"

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
      "\"p50_us\": %u, \"p99_us\": %u, \"resumed\": %llu, \"suite\": \"%s\"}\n",
      static_cast<unsigned long long>(report.operations),
      static_cast<unsigned long long>(report.errors), static_cast<unsigned long long>(report.bytes),
      report.seconds, Percentile(report.latencies, 0.5), Percentile(report.latencies, 0.99),
      static_cast<unsigned long long>(report.resumed), report.suite.c_str());
  std::fflush(stdout);
  return report.errors == 0 ? 0 : 1;
}

// Connections stay open as long as the program lives.
int Hold(const Report& report) {
  const int code = Print(report);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return code;
}

uint16_t VersionOf(uint64_t minor) { return minor == 2 ? TLS1_2_VERSION : TLS1_3_VERSION; }

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
  std::signal(SIGPIPE, SIG_IGN);  // BoringSSL writes without MSG_NOSIGNAL
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
  if ((what == "handshake" || what == "resume") && numbers.size() == 4) {
    return Print(RunHandshakes({.port = port(0),
                                .connections = numbers[1],
                                .operations = numbers[2],
                                .version = VersionOf(numbers[3]),
                                .resume = what == "resume"}));
  }
  if (numbers.size() == 2) {
    if (what == "down") return Print(RunDown(port(0), numbers[1]));
    if (what == "up") return Print(RunUp(port(0), numbers[1]));
    if (what == "idle") return Hold(OpenIdle(port(0), numbers[1]));
    if (what == "tls-down") return Print(RunTlsDown(port(0), numbers[1]));
    if (what == "tls-up") return Print(RunTlsUp(port(0), numbers[1]));
    if (what == "tls-idle") return Hold(OpenTlsIdle(port(0), numbers[1]));
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
