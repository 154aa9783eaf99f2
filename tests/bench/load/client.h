// The clients of the balancers that are compared.
#ifndef ALOHA_TESTS_BENCH_LOAD_CLIENT_H_
#define ALOHA_TESTS_BENCH_LOAD_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace aloha::load {

// What a run did.
struct Report {
  uint64_t operations = 0;
  uint64_t errors = 0;
  // Payload, one direction.
  uint64_t bytes = 0;
  double seconds = 0;
  // Duration of each operation in microseconds, in any order.
  std::vector<uint32_t> latencies;
  // Of TLS handshakes: how many were resumed, and the version, suite and curve of the last one.
  uint64_t resumed = 0;
  std::string suite;
};

// How exchanges are made.
struct Exchanges {
  uint16_t port = 0;
  // At the same time.
  size_t connections = 1;
  // In all.
  uint64_t operations = 1;
  // Bytes sent, and as many expected back.
  size_t size = 100;
  // A new connection for each exchange.
  bool reconnect = false;
};

// RunExchanges(plan): Makes exchanges with an echo service. A connection that breaks is an error
// and is replaced; when nothing happens for 10 s, whatever is missing counts as errors.
Report RunExchanges(const Exchanges& plan);

// Moves a payload over a socket that is connected, adding to `bytes`; false: it failed.
using Transfer = std::function<bool(int fd, uint64_t& bytes)>;

// RunTransfer(port, transfer): One operation, over one connection that is closed after it.
Report RunTransfer(uint16_t port, const Transfer& transfer);

// HoldIdle(port, connections, exchange): Opens connections one after the other, calls `exchange`
// with each, and leaves them open until the program ends. False from it is an error.
Report HoldIdle(uint16_t port, size_t connections, const std::function<bool(int fd)>& exchange);

// RunDown(port, bytes): Takes that many bytes from a source over one connection, then closes it.
Report RunDown(uint16_t port, uint64_t bytes);

// RunUp(port, bytes): Sends that many bytes to a sink over one connection; an error unless the
// sink has counted as many.
Report RunUp(uint16_t port, uint64_t bytes);

// OpenIdle(port, connections): Opens connections to an echo service, exchanges one byte on each,
// and leaves them open until the program ends.
Report OpenIdle(uint16_t port, size_t connections);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_CLIENT_H_
