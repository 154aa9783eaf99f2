// Bulk transfers and idle connections in TLS 1.3.
#ifndef ALOHA_TESTS_BENCH_LOAD_TLS_TRANSFER_H_
#define ALOHA_TESTS_BENCH_LOAD_TLS_TRANSFER_H_

#include "tests/bench/load/client.h"

namespace aloha::load {

// RunTlsDown(port, bytes), RunTlsUp(port, bytes): As RunDown() and RunUp(), handshake included.
Report RunTlsDown(uint16_t port, uint64_t bytes);
Report RunTlsUp(uint16_t port, uint64_t bytes);

// OpenTlsIdle(port, connections): As OpenIdle(). Only the sockets are left open, so that the load
// side stays small.
Report OpenTlsIdle(uint16_t port, size_t connections);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_TLS_TRANSFER_H_
