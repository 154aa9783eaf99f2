#include "tests/bench/load/tls_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "tests/bench/load/tls_client.h"

namespace aloha::load {
namespace {

constexpr size_t kChunk = 64 * 1024;

// A transfer over a TLS connection that `move` is given after the handshake.
template <typename Move>
Transfer InTls(const TlsClient& client, Move move) {
  return [&client, move](int fd, uint64_t& moved) {
    TlsSession unused;
    const bssl::UniquePtr<SSL> connection = client.Connect(fd, nullptr, unused);
    return SSL_do_handshake(connection.get()) == 1 && move(connection.get(), moved);
  };
}

}  // namespace

Report RunTlsDown(uint16_t port, uint64_t bytes) {
  const TlsClient client(TLS1_3_VERSION);
  return RunTransfer(port, InTls(client, [bytes](SSL* connection, uint64_t& moved) {
                       std::vector<std::byte> chunk(kChunk);
                       while (moved < bytes) {
                         const auto most =
                             static_cast<int>(std::min<uint64_t>(kChunk, bytes - moved));
                         const int n = SSL_read(connection, chunk.data(), most);
                         if (n <= 0) return false;
                         moved += static_cast<uint64_t>(n);
                       }
                       return true;
                     }));
}

Report RunTlsUp(uint16_t port, uint64_t bytes) {
  const TlsClient client(TLS1_3_VERSION);
  return RunTransfer(
      port, InTls(client, [bytes](SSL* connection, uint64_t& moved) {
        const std::vector<std::byte> chunk(kChunk);
        while (moved < bytes) {
          const size_t size = std::min<uint64_t>(kChunk, bytes - moved);
          if (!SendAllTls(connection, {chunk.data(), size})) return false;
          moved += size;
        }
        uint64_t counted = 0;
        return SSL_shutdown(connection) >= 0 && shutdown(SSL_get_fd(connection), SHUT_WR) == 0 &&
               ReceiveAllTls(connection, std::as_writable_bytes(std::span(&counted, 1))) &&
               counted == bytes;
      }));
}

Report OpenTlsIdle(uint16_t port, size_t connections) {
  const TlsClient client(TLS1_3_VERSION);
  return HoldIdle(port, connections, [&client](int fd) {
    TlsSession unused;
    const bssl::UniquePtr<SSL> connection = client.Connect(fd, nullptr, unused);
    std::byte byte{};
    return SSL_do_handshake(connection.get()) == 1 && SendAllTls(connection.get(), {&byte, 1}) &&
           ReceiveAllTls(connection.get(), {&byte, 1});
  });
}

}  // namespace aloha::load
