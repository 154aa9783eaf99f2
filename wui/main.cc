// NAME
//   aloha-wui - answers other machines over HTTP
//
// WHAT IT DOES
//   Answers GET and HEAD of /metrics with the counters and states of everything, in Prometheus'
//   text format, and of /healthz with 200, on the listener that the configuration names
//   (management.metrics). Anything else is 404. It keeps nothing: every scrape asks the supervisor.
//   It runs only while something listens for it.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot, draining, the log; see workers/runtime.
//
// WHAT IT ASKS
//   aloha.admin.v1 of the supervisor, over a socket pair that every supervisor passes when it
//   attaches itself: the calls that alohactl uses, as a monitor, who may read and change nothing.
//
// SECURITY
//   Clients may be hostile. Their requests are parsed by RESTinio within bounds of size, number and
//   time (http_server.cc); nothing of them but the path is used, and that is only compared. The
//   process gets its listening socket from the supervisor. It makes no socket itself, reaches
//   nothing but the supervisor, and opens no file. Who breaks into it can read the state of the
//   balancer, and see or change no traffic.
//
// WHEN THINGS FAIL
//   Without an answer from the supervisor, scrapes are answered 503; the next supervisor brings a
//   new channel. While haproxy is stopped, its counters are left out. Beyond 64 connections,
//   clients wait. A snapshot that is wrong in any part is rejected whole, and the running one
//   stays.
#include <memory>

#include "workers/runtime/worker.h"
#include "wui/role.h"

int main(int argc, char** argv) {
  const aloha::RoleDescription description{
      .name = "wui",
      .confinement = {},
      .before_confinement = {},
      .make = [](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::wui::WuiRole>(context);
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
