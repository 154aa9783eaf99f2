// Sockets of the load tool: loopback only, errors end the program.
#ifndef ALOHA_TESTS_BENCH_LOAD_SOCKET_H_
#define ALOHA_TESTS_BENCH_LOAD_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace aloha::load {

// die(what): Prints `what` with the text of errno and ends the program.
[[noreturn]] void die(const char* what);

// listen_on(port): A non-blocking socket that listens on 127.0.0.1. The caller owns it.
int listen_on(uint16_t port);

// connect_to(port, flags): A socket that is connected to 127.0.0.1, or on its way there when
// `flags` has SOCK_NONBLOCK. Small messages leave at once. The caller owns it. -1 when it failed.
int connect_to(uint16_t port, int flags);

// send_all(fd, data): Sends everything, waiting at most 10 s for room; for blocking and
// non-blocking sockets. False when the peer is gone.
bool send_all(int fd, std::span<const std::byte> data);

// discard(fd, most): Takes up to `most` bytes out of the socket without copying them. As recv:
// their number, 0 at the end, -1 with errno.
long discard(int fd, size_t most);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_SOCKET_H_
