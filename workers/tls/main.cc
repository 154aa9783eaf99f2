// NAME
//   aloha-tls - makes the TLS handshakes, and nothing else
//
// WHAT IT DOES
//   Accepts clients on the TLS listeners of its snapshot, chooses the certificate by the name and
//   the algorithms that each asks for, and makes the handshake. When it is done and everything that
//   it sends is on its way (session tickets too), the socket and the traffic keys go to
//   aloha-proxy, and this process forgets both: an established connection costs nothing here.
//   After STARTTLS the proxy passes a socket to do the same with. Towards servers it makes the
//   client's part on sockets that the proxy connected: verifies who they are, resumes sessions.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker   the snapshot, draining, the log; see workers/runtime
//   aloha.worker.v1.Tls      handshakes by version and cipher, failures by reason, times
//   Packets of ToTls on the direct channel from aloha-proxy, of SignResponses on that from
//   aloha-keys (proto/handoff/v1).
//
// THREADS
//   The control thread runs Asio and answers the supervisor. The handshake threads
//   (handshake_thread.h) run bare epoll (workers/net/reactor.h) and share immutable snapshots, the
//   sockets to the other workers, and little else.
//
// SECURITY
//   Clients and servers are hostile; what they send is read by BoringSSL alone, but for PROXY
//   protocol headers (on listeners that ask for them) and the extensions of the ClientHello that
//   choose the certificate. There is no private key here: aloha-keys signs, and only what TLS has
//   signed. Session ticket keys and certificates come with the snapshot. No static RSA, no
//   renegotiation, no compression, no early data in any profile. Handshakes in progress are
//   bounded, all together and of one client address, and so are their time and the size of a
//   ClientHello. The process makes no socket: it accepts, or is passed one.
//
// WHEN THINGS FAIL
//   While aloha-keys is away handshakes wait until their timeout, and what was asked is asked again
//   of the next one. While aloha-proxy is away or slow, connections that are done wait (5 s without
//   a proxy, 30 s for a slow one) and accepting pauses. When this process dies, the handshakes in
//   progress are lost, established connections are untouched, and clients wait in the backlog of
//   the listeners, which system and supervisor hold as well. A snapshot that is wrong in any part
//   is rejected whole.
#include <memory>

#include "workers/runtime/worker.h"
#include "workers/tls/tls_role.h"

int main(int argc, char** argv) {
  const aloha::RoleDescription description{
      .name = "tls",
      .make = [](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::tls::TlsRole>(context);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
