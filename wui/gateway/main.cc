// NAME
//   aloha-gateway - where another machine's calls end, and where calls to it begin
//
// WHAT IT DOES
//   Carries gRPC calls through mutual TLS: between the supervisor and the node that this one is
//   paired with, both ways, while high availability is configured; and from remote administrators'
//   tools to the supervisor, while management.grpc is.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot (where to listen, who the paired node is), draining, the
//   log; see workers/runtime. aloha.worker.v1.Gateway: its key and certificate, the first step of
//   pairing, counters. aloha.worker.v1.Remote: which remote administrators were turned away.
//   aloha.peer.v1.Peer: what the supervisor asks of the paired node; carried there as it is.
//
//   To other nodes, at their listener: whoever proves by its certificate to be the paired node may
//   call aloha.peer.v1.Peer, which is carried to the supervisor with the node's key beside it
//   (metadata "aloha-node-key"). While a pairing code waits, a node that is not paired may call
//   Join. Whoever else comes is answered UNAUTHENTICATED with the reason, and counted.
//
//   To remote administrators, at theirs: whoever shows a certificate that the configured trust
//   anchor vouches for may call aloha.admin.v1, which is carried to the supervisor with the
//   certificate's subject and the client's address beside it ("aloha-subject", "aloha-address"; a
//   bearer token as "aloha-token"); what a client says of itself in such metadata is dropped. The
//   health service and server reflection are answered here, to whom the supervisor knows. Whoever
//   else comes is answered UNAUTHENTICATED with the reason, and the supervisor hears of it.
//
// WHAT IT ASKS
//   aloha.peer.v1 of its supervisor, over a socket pair that every supervisor passes when it
//   attaches itself, and aloha.admin.v1 over another one; nothing else answers at either. What one
//   listener brings never reaches the other's socket pair. Of aloha-keys: signatures for handshakes
//   of remote administrators, by the key of the certificate that they are shown.
//
// SECURITY
//   Other machines may be hostile. OpenSSL does their handshakes, the process itself looks at their
//   certificates, which have one fixed form (workers/node); gRPC parses what is inside. Until then
//   a connection may last seconds, and few of one address are taken at a time (entrance.h,
//   remote_entrance.h); one that was let in ends with the certificate that it showed. It accepts on
//   a socket that it was given, and connects to the paired node, or to the address that an
//   administrator names when the nodes are paired. It opens no file and binds nothing.
//
//   It holds no secret that outlives it: the key of its certificate is made here at each start, and
//   aloha-keys makes certificates for it for a day each. What is secret in the calls is sealed by
//   one aloha-keys for the other. The private key of what it shows to remote administrators it
//   never has. Who breaks into it can pass for this node before the other one, until the
//   certificate ends, can drop, delay and repeat what the nodes send each other, and can say to the
//   supervisor what the paired node may say; and while remote administrators are served, what the
//   mightiest of them may. It reaches nothing else of either.
//
// WHEN THINGS FAIL
//   Without a connection, a call makes one; UNAVAILABLE with the reason where that fails. The
//   supervisor tries again. Without a supervisor, calls of the other node are answered UNAVAILABLE;
//   the next one brings a new channel. Without aloha-keys, handshakes of remote administrators
//   fail, and connections that stand go on. When this process dies, the next one has a new key, and
//   both nodes connect anew. A snapshot that is wrong in any part is rejected whole, and the
//   running one stays.
//
// READING ORDER
//   workers/node/node_certificate.h (who is who), tls_identity.h, tls_pump.h, forwarder.h (how
//   calls are carried), entrance.h (who is let in), dialer.h (who is called); client_trust.h,
//   remote_tls.h and key_provider.h, behalf.h, remote_entrance.h; role.h.
#include <memory>

#include "workers/runtime/worker.h"
#include "wui/gateway/role.h"
#include "wui/gateway/tls_identity.h"

int main(int argc, char** argv) {
  const aloha::RoleDescription description{
      .name = "gateway",
      .confinement = {.calls = {{"connect", "connects to the paired node"},
                                {"socketpair", "gives gRPC what came out of TLS"}},
                      .sockets = aloha::TcpSockets("the connection to the paired node")},
      .before_confinement = aloha::gateway::PrepareTls,
      .make = [](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::gateway::GatewayRole>(context);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
