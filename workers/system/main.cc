// aloha-system: the one worker with capabilities. It binds listening sockets for the others.
//
// WHAT IT DOES
//   Binds TCP listeners, ports below 1024 and addresses that are not here yet included, and passes
//   them to the supervisor as descriptors. It keeps a duplicate of each, so that the death of a
//   proxy closes no listener.
//
// REQUESTS IT SERVES (proto/worker/v1, from the supervisor alone, on a socket pair)
//   Worker: snapshots name the listeners to keep; draining ends at once, as nothing lives here.
//   System.Bind: binds listeners, all or none, and sends them beside gRPC.
//
// SECURITY
//   It accepts no connection and reads nothing from the network. Capabilities:
//   CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW, which it has in one of three ways:
//     1. from its file (`setcap cap_net_bind_service,cap_net_admin,cap_net_raw=p`), raised here;
//     2. from the keeper (see keeper.h), when the supervisor was started as root;
//     3. not at all: then GetInfo says what cannot be done.
//   All others are given up. No file can be opened, no program executed.
//
// WHEN THINGS FAIL
//   Bind answers every cause in one status and leaves nothing half bound. When this process dies,
//   traffic is untouched: the supervisor and the proxies hold the sockets. The next one gets them
//   back from the supervisor. When the supervisor dies, this process waits ten minutes for another
//   one, then leaves.
#include <cstring>
#include <memory>

#include "workers/runtime/worker.h"
#include "workers/system/capabilities.h"
#include "workers/system/keeper.h"
#include "workers/system/system_role.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--keeper") == 0)
    return aloha::system::RunKeeper(argc, argv);

  aloha::system::Privileges privileges;
  aloha::RoleDescription description;
  description.name = "system";
  description.confinement.calls = {
      {"bind", "listeners are bound here for every other role"},
      {"listen", "a bound port is open from the moment it is passed on"},
  };
  description.confinement.internet_sockets = true;   // the listeners
  description.confinement.keep_capabilities = true;  // ports below 1024
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
