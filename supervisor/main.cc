// aloha-supervisor - starts and watches the workers, owns the configuration, serves the management
// API
//
// What it does: spawns one isolated process per role (roles.cc is the table), gives each a whole
// snapshot of what to run, starts it again when it dies, and brings changes to all of them at once
// or to none. It is never on the data path: while it is dead, workers go on serving, and the next
// supervisor adopts them through their control sockets.
//
// Serves: aloha.admin.v1 over gRPC on RUN_DIR/supervisor.sock, to root and to members of the group
// aloha-admin.
//
// Security: runs without root and without a capability; opens no network socket, but connects to
// the system bus's local one, for what polkit lets it ask of systemd (machine/); reads no private
// key. As root it only hands over its folders, starts the keeper (which keeps three capabilities
// for aloha-system) and becomes --user.
//
// When things fail: a configuration that is torn, empty or wrong never stops a start: the last good
// one runs and an event says so. A worker that keeps dying is started ever more rarely, and its
// service shows NOK with the reason.
#include <sys/file.h>

#include <cstdio>
#include <cstdlib>

#include "supervisor/check.h"
#include "supervisor/supervisor.h"

int main(int argc, char** argv) {
  namespace supervisor = aloha::supervisor;
  supervisor::Options options;
  if (const int code = supervisor::ParseOptions(argc, argv, &options); code >= 0) return code;
  if (options.check) return supervisor::CheckFile(options);
  std::signal(SIGPIPE, SIG_IGN);
  aloha::Result<supervisor::Privilege> privilege = supervisor::SettlePrivilege(options);
  if (!privilege) {
    std::fprintf(stderr, "aloha-supervisor: %s\n", privilege.error().message.c_str());
    return 1;
  }
  auto* service = new supervisor::Supervisor(options, std::move(*privilege));
  // Not destroyed: threads of gRPC may still hold what belongs to it.
  std::_Exit(service->Run());
}
