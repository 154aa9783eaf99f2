// Sockets of the load tool: loopback only, errors end the program.
#ifndef ALOHA_TESTS_BENCH_LOAD_SOCKET_H_
#define ALOHA_TESTS_BENCH_LOAD_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace aloha::load {

// Die(what): Prints `what` with the text of errno and ends the program.
[[noreturn]] void Die(const char* what);

// ListenOn(port): A non-blocking socket that listens on 127.0.0.1. The caller owns it.
int ListenOn(uint16_t port);

// ConnectTo(port, flags): A socket that is connected to 127.0.0.1, or on its way there when
// `flags` has SOCK_NONBLOCK. Small messages leave at once. The caller owns it. -1 when it failed.
int ConnectTo(uint16_t port, int flags);

// SendAll(fd, data): Sends everything, waiting at most 10 s for room; for blocking and
// non-blocking sockets. False when the peer is gone.
bool SendAll(int fd, std::span<const std::byte> data);

// Discard(fd, most): Takes up to `most` bytes out of the socket without copying them. As recv:
// their number, 0 at the end, -1 with errno.
long Discard(int fd, size_t most);

}  // namespace aloha::load

#endif  // ALOHA_TESTS_BENCH_LOAD_SOCKET_H_
