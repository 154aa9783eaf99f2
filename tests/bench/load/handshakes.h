// TLS handshakes, full and resumed.
#ifndef ALOHA_TESTS_BENCH_LOAD_HANDSHAKES_H_
#define ALOHA_TESTS_BENCH_LOAD_HANDSHAKES_H_

#include "tests/bench/load/client.h"

namespace aloha::load {

// How handshakes are made.
struct Handshakes {
  uint16_t port = 0;
  // At the same time.
  size_t connections = 1;
  // In all.
  uint64_t operations = 1;
  // TLS1_2_VERSION or TLS1_3_VERSION.
  uint16_t version = 0;
  // Offer a session: the last one that the server sent on any connection of the same place in the
  // row; before that, one of a full handshake which is made first and is not an operation.
  bool resume = false;
};

// RunHandshakes(plan): Makes connections that carry nothing: handshake, the session that the server
// sends for resumption, close on both sides. A connection that fails or ends before that is an
// error; when nothing happens for 10 s, whatever is missing counts as errors. Report::resumed says
// how many of the operations were resumed, Report::suite what the last one negotiated.
Report RunHandshakes(const Handshakes& plan);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_HANDSHAKES_H_
