// aloha-system: the one worker with capabilities. It binds listening sockets for the others.
//
// WHAT IT DOES
//   Binds TCP listeners, ports below 1024 and addresses that are not here yet included, and opens
//   the raw sockets of VRRP, and passes them to the supervisor as descriptors. It keeps a duplicate
//   of each, so that the death of a proxy closes no listener.
//   Sets, removes and announces virtual addresses when aloha-vrrp says so, those of the running
//   snapshot alone; with a virtual MAC address they are on an interface vrrp.VRID or vrrp6.VRID
//   that comes and goes with them. Sets the machine's own addresses and routes where the
//   configuration manages them. Tells aloha-vrrp when interfaces or addresses change.
//
// REQUESTS IT SERVES (proto/worker/v1)
//   From the supervisor, on a socket pair:
//   Worker: snapshots name the sockets to keep, the addresses that may be set, and the managed
//   network. Preparing adds what is new of that network, aborting takes it away again, committing
//   removes what is old. Draining with a timeout removes virtual addresses, after waiting for
//   aloha-vrrp to give them up; without one another process takes over, and everything stays.
//   System.Bind: binds listeners and opens raw sockets, all or none, and sends them beside gRPC.
//   From aloha-vrrp, on a socket pair: AddressRequest, answered by AddressState (vrrp.proto).
//
// SECURITY
//   It accepts no connection and reads nothing from the network: what its raw sockets receive is
//   for aloha-vrrp to read, its packet socket receives nothing. A request of aloha-vrrp names a
//   router, never an address; a packet that is no request ends the channel. Capabilities:
//   CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW, which it has in one of three ways:
//     1. from its file (`setcap cap_net_bind_service,cap_net_admin,cap_net_raw=p`), raised here;
//     2. from the keeper (see keeper.h), when the supervisor was started as root;
//     3. not at all: then GetInfo says what cannot be done.
//   All others are given up. No file can be opened, no program executed.
//
// WHEN THINGS FAIL
//   Bind answers every cause in one status and leaves nothing half bound. A network that cannot be
//   set up as a whole is rejected, and what was done of it undone. When this process dies, traffic
//   is untouched: the supervisor and the proxies hold the sockets, the kernel has the addresses.
//   The next one gets the sockets back from the supervisor, and finds the addresses that are set.
//   When the supervisor dies, this process waits ten minutes for another one, then leaves. When
//   aloha-vrrp stays away, its addresses are removed (see network_side.h). An
//   interface that goes and comes back gets its addresses and its raw sockets again.
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "workers/runtime/worker.h"
#include "workers/system/capabilities.h"
#include "workers/system/keeper.h"
#include "workers/system/system_role.h"
#include "workers/system/vrrp_socket.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--keeper") == 0)
    return aloha::system::RunKeeper(argc, argv);

  aloha::system::Privileges privileges;
  aloha::RoleDescription description;
  description.name = "system";
  description.confinement.calls = {
      {"bind", "listeners are bound here for every other role; changes of interfaces are heard of"},
      {"listen", "a bound port is open from the moment it is passed on"},
  };
  description.confinement.sockets = aloha::TcpSockets("the listeners");
  for (const aloha::AllowedSocket& kind : {
           aloha::AllowedSocket{AF_INET, SOCK_RAW, "VRRP over IPv4", aloha::system::kVrrpProtocol},
           aloha::AllowedSocket{AF_INET6, SOCK_RAW, "VRRP over IPv6", aloha::system::kVrrpProtocol},
           aloha::AllowedSocket{AF_NETLINK, SOCK_RAW, "interfaces, addresses and routes",
                                NETLINK_ROUTE},
           aloha::AllowedSocket{AF_PACKET, SOCK_RAW, "announces addresses, receives nothing", 0},
       }) {
    description.confinement.sockets.push_back(kind);
  }
  // Ports below 1024, addresses and routes, raw sockets.
  description.confinement.keep_capabilities = true;
  description.before_confinement = [&privileges]() -> aloha::Result<> {
    auto raised = aloha::system::RaiseCapabilities();
    if (!raised) return tl::make_unexpected(raised.error());
    privileges = *raised;
    return {};
  };
  description.make = [&privileges](aloha::WorkerContext context) {
    return std::make_unique<aloha::system::SystemRole>(context, privileges);
  };
  return aloha::RunWorker(argc, argv, description);
}
