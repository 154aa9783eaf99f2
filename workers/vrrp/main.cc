// NAME
//   aloha-vrrp - shares virtual addresses with another node
//
// WHAT IT DOES
//   Runs virtual routers (VRRP version 2, RFC 3768, and version 3, RFC 9568; IPv4 and IPv6): while
//   this node is the master of one, it says so in adverts, and its addresses are set here; while it
//   is a backup, it listens, and becomes the master when no advert comes for three intervals and a
//   skew that is the shorter the higher its priority. Every transition says why.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot, draining, the log; see workers/runtime. Draining with a
//   timeout is the end of the service: priority 0, and the addresses go. Draining without one, and
//   SIGTERM, is the end of the process alone: it says nothing, and the next one goes on.
//
//   aloha.worker.v1.Vrrp: GetVrrpState; WatchVrrpState, the state, then each change; SetHindrances,
//   what keeps this node from serving.
//
//   The direct channel to aloha-system: packets of AddressRequest out (claim, release, announce),
//   packets of SystemNotice in (which addresses are set, which interfaces can be used).
//
// SECURITY
//   It reads packets from the network, and whoever is on the same link can forge them; VRRP has no
//   authentication worth the name. What can be asked of a packet is asked: TTL 255 shows that it
//   comes from this link, and unicast names the peers. Parsing (codec.h) is bounded and fuzzed. A
//   packet that is dropped touches no timer, and is counted by reason. A flood is filtered in the
//   kernel so that known nodes are still heard (flood_filter.h), and never keeps timers waiting.
//
//   The raw sockets come from aloha-system through the supervisor; the process cannot make any
//   socket, open any file or set any address. All that it can have set or removed are the
//   addresses of the snapshot, by aloha-system.
//
// WHEN THINGS FAIL
//   When this process dies, the addresses stay set. The next one hears so from aloha-system and
//   goes on as the master; the others notice nothing when it comes within three intervals.
//
//   When the supervisor dies, everything goes on. When aloha-system dies, adverts go on; a claim
//   that came meanwhile is made when the next one comes.
//
//   When the addresses cannot be set, the router has a sixteenth of its priority, says that it
//   gives up, and tries again every second.
//
//   An interface without carrier or address: FAULT, the addresses are removed.
//
//   A snapshot with a field out of its range is rejected whole, and the running one stays.
//
// READING ORDER
//   spec.h (what is run), codec.h (packets), admission.h (which concern a router), router.h (what
//   follows), advert_socket.h and flood_filter.h (over which sockets), system_link.h (who sets
//   addresses), engine.h (when), role.h (who is told).

#include <memory>

#include "workers/runtime/worker.h"
#include "workers/vrrp/role.h"

int main(int argc, char** argv) {
  // No call beyond those of every worker: raw sockets are read and written by recvmsg and sendmsg.
  const aloha::RoleDescription description{
      .name = "vrrp",
      .make = [](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::vrrp::VrrpRole>(context);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
