// What aloha-tls would do, for tests of the engine: handshakes in memory, connections handed over.
#ifndef ALOHA_TESTS_UNIT_PROXY_TLS_HARNESS_H_
#define ALOHA_TESTS_UNIT_PROXY_TLS_HARNESS_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/net/tls_peer.h"
#include "tests/unit/proxy/harness.h"

namespace aloha::proxy {

inline constexpr net::TlsKind kTls13{0x0304, 0x1301};
inline constexpr net::TlsKind kTls12{0x0303, 0xc02f};

// The other side of a connection whose own side the proxy took over.
class TlsSocket {
 public:
  TlsSocket(Socket socket, std::unique_ptr<net::TlsPeer> peer)
      : socket_(std::move(socket)), peer_(std::move(peer)) {}

  bool Send(std::string_view text);
  // At least `count` bytes, unless the stream ends before.
  std::string Receive(size_t count);
  std::string ReceiveToEnd() { return Receive(SIZE_MAX); }
  // Says close_notify.
  void Close();
  Socket& socket() { return socket_; }
  net::TlsPeer& peer() { return *peer_; }

 private:
  Socket socket_;
  std::unique_ptr<net::TlsPeer> peer_;
  std::string text_;  // received and not asked for yet
};

class TestTls {
 public:
  explicit TestTls(TestProxy& proxy);

  // Gives the engine its end of a new link.
  void Link();
  // A client of the first listener of this service. waiting: what it said right behind the
  // handshake, which is handed over with it.
  TlsSocket Connect(int service = 0, const net::TlsKind& kind = kTls13,
                    std::string_view waiting = {});
  void HandOver(const handoff::v1::Connection& connection, int descriptor);
  void Send(const handoff::v1::FromTls& message, int descriptor);
  // What the proxy asks for next, and the socket that came along.
  std::optional<handoff::v1::ToTls> Receive(UniqueFd& socket);
  // The next handshake with a server is done; what the proxy says to the server can be read on the
  // result.
  std::unique_ptr<net::TlsPeer> Secure(const net::TlsKind& kind = kTls13);
  // The same for one that was received already.
  std::unique_ptr<net::TlsPeer> Answer(const handoff::v1::Handshake& asked, int socket,
                                       const net::TlsKind& kind = kTls13);
  void Close() { ours_.reset(); }
  // From now on the copies of clients' sockets that were handed over stay open, as those of a slow
  // aloha-tls do.
  void KeepCopies() { keep_copies_ = true; }

 private:
  TestProxy& proxy_;
  UniqueFd ours_;
  bool keep_copies_ = false;
  std::vector<UniqueFd> copies_;
};

}  // namespace aloha::proxy

#endif  // ALOHA_TESTS_UNIT_PROXY_TLS_HARNESS_H_
