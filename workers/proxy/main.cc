// NAME
//   aloha-proxy - carries the bytes between clients and servers
//
// WHAT IT DOES
//   Accepts clients on the listeners of its snapshot, finds each a server (persistence, balancing,
//   queue), connects, and moves bytes both ways until both sides have ended. Where a service is
//   HTTP it does so for each request, by its path. It writes one line per session or request.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker   the snapshot, draining, the log; see workers/runtime
//   aloha.worker.v1.Proxy    counters, live sessions, stick entries
//   Packets of TargetStates on the direct channel from aloha-health.
//
// THREADS
//   The control thread runs Asio and answers the supervisor. The data threads (data_thread.h) run
//   bare epoll (workers/net/reactor.h) and share immutable snapshots, service objects with a lock
//   taken per session, and nothing else.
//
// SECURITY
//   Clients and servers are hostile. Of what they send only PROXY protocol headers (on listeners
//   that ask for them), TLS ClientHellos (for the log) and, in HTTP services, heads and the framing
//   of bodies (workers/http), in mail services the dialogue around STARTTLS (workers/mail), and
//   records of TLS (workers/net) are read; all parsers are bounded and fuzzed. The rest is moved
//   unseen. Connections with TLS come from aloha-tls when their handshake is done, with the keys of
//   their records and no others; what comes is verified. A message whose framing is invalid or
//   ambiguous is refused, never repaired. A server connection serves one client connection and is
//   closed with it or before. Listening sockets and stick tables come from the supervisor and are
//   verified before use. The process makes TCP sockets and pipes, and nothing else: no file, no
//   bind, no child.
//
// WHEN THINGS FAIL
//   A server that refuses or is silent is tried again, then others are; an HTTP client that no
//   server can be found for gets 503. Short of descriptors,
//   accepting pauses for 100 ms at a time. When the supervisor or health dies, everything goes on
//   with the last snapshot and states. When this process dies its sessions are lost; clients wait
//   in the backlog of the listeners, which system and supervisor hold as well, for the next one. A
//   snapshot that is wrong in any part is rejected whole.
#include <time.h>

#include <memory>

#include "workers/net/kernel_tls.h"
#include "workers/proxy/proxy_role.h"
#include "workers/runtime/worker.h"

int main(int argc, char** argv) {
  aloha::Result<> kernel_tls;
  const aloha::RoleDescription description{
      .name = "proxy",
      .confinement = {.calls =
                          {
                              {"connect", "to the servers of sessions"},
                              {"splice", "moves bulk data from socket to socket without copying"},
                          },
                      .sockets = aloha::TcpSockets("to the servers of sessions")},
      .before_confinement = [&kernel_tls]() -> aloha::Result<> {
        tzset();  // access lines carry local time; its file cannot be read later
        kernel_tls = aloha::net::ProbeKernelTls();
        return {};
      },
      .make = [&kernel_tls](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::proxy::ProxyRole>(context, kernel_tls);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
