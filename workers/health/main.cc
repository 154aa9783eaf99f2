// NAME
//   aloha-health - asks servers whether they do their work, and sends reports
//
// WHAT IT DOES
//   Probes every server of the snapshot at its interval: it connects (inside TLS where the check
//   asks for it), speaks as much of IMAP, POP3, SMTP, DCE/RPC or HTTP as shows that the service
//   behind the port lives, and ends the connection. From runs of results it makes states, UNKNOWN,
//   UP or DOWN, and tells each change with its reason, within milliseconds, to the proxy (which
//   stops using the server) and to the supervisor (which shows it).
//
//   It also takes lines and mail from the supervisor, which has no network, to the syslog server
//   and the mail server of the snapshot.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot, draining, the log; see workers/runtime.
//
//   aloha.worker.v1.Health: ListChecks, every check with its last 20 results; WatchTargets, every
//   state, then each change.
//
//   aloha.worker.v1.Reports: SendLines, SendMail.
//
//   The direct channel to aloha-proxy: packets of TargetStates, all of them when the channel or a
//   snapshot comes, then each change.
//
// SECURITY
//   It reads what servers send, and servers may be hostile. Parsers (*_protocol.cc) are state
//   machines without I/O, bound what they keep (2 KiB a line, 16 KiB of head, 80 KiB in all), and
//   are fuzzed. What is shown of a server's words is escaped and cut at 80 bytes. Certificates are
//   not verified: a check sends nothing that is secret and trusts nothing that it hears. The
//   process may connect to any IPv4 or IPv6 address, and do nothing else: no file, no listening
//   socket, no child.
//
// WHEN THINGS FAIL
//   A server that refuses, resets, stays silent or speaks something else fails the probe, with that
//   as the reason.
//
//   When this machine has no descriptor, port or memory left for a probe, no server is blamed: its
//   state stays, the result says "cannot probe", and a warning is logged.
//
//   A slow proxy or watcher gets the newest state of each server when it reads again; nothing piles
//   up.
//
//   When the supervisor dies, checking and the channel to the proxy go on. When this process dies,
//   the last states stand until the next one has its own; that one starts with UNKNOWN.
//
//   A snapshot with a field out of its range is rejected whole, and the running one stays.
//
// READING ORDER
//   spec.h (what is asked), protocol.h (how), tcp_probe.h (over which connection), track.h (what
//   results mean), checker.h (when), target_board.h (what follows), role.h (who is told).

#include <openssl/rand.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>

#include "workers/health/role.h"
#include "workers/health/tls.h"
#include "workers/runtime/worker.h"

int main(int argc, char** argv) {
  std::unique_ptr<aloha::health::TlsClient> tls;
  const aloha::RoleDescription description{
      .name = "health",
      .confinement = {.calls =
                          {
                              {"connect", "to the servers that are checked"},
                              {"ioctl", "Asio makes their sockets non-blocking with FIONBIO"},
                          },
                      .sockets =
                          {
                              {AF_INET, SOCK_STREAM,
                               "to the servers that are checked, and for mail"},
                              {AF_INET6, SOCK_STREAM, "the same"},
                              {AF_INET, SOCK_DGRAM, "to the syslog server"},
                              {AF_INET6, SOCK_DGRAM, "the same"},
                          }},
      .before_confinement = [&tls]() -> aloha::Result<> {
        // The library finds its source of randomness now, while it may still look at files.
        uint8_t random = 0;
        RAND_bytes(&random, sizeof(random));
        auto made = aloha::health::TlsClient::Make();
        if (!made) return tl::make_unexpected(made.error());
        tls = std::move(*made);
        return {};
      },
      .make = [&tls](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::health::HealthRole>(context, *tls);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
