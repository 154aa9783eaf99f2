// The server behind the balancers that are compared.
#ifndef ALOHA_TESTS_BENCH_LOAD_ORIGIN_H_
#define ALOHA_TESTS_BENCH_LOAD_ORIGIN_H_

#include <cstdint>

namespace aloha::load {

// Ports of the three services; 0: not served.
struct OriginPorts {
  // Sends back what it gets.
  uint16_t echo = 0;
  // Sends zeros until the client closes.
  uint16_t source = 0;
  // Takes everything; when the client has ended its side, answers with the number of bytes (8, this
  // machine's order).
  uint16_t sink = 0;
};

// RunOrigin(ports): Serves for ever, in one thread.
[[noreturn]] void RunOrigin(const OriginPorts& ports);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_ORIGIN_H_
