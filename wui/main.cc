// NAME
//   aloha-wui - the web interface, and what other machines may ask over HTTP
//
// WHAT IT DOES
//   Serves the pages of the web interface over HTTPS where the configuration names a listener
//   (management.web), and beside them the management API by the Connect protocol: POST of JSON to
//   /aloha.admin.v1.SERVICE/METHOD, answered at once or by a stream. Any method is carried to the
//   supervisor as its proto describes it; none is written down here. GET /healthz is answered 200.
//
//   Answers GET and HEAD of /metrics with the counters and states of everything, in Prometheus'
//   text format, on another listener (management.metrics). It keeps nothing: every scrape asks the
//   supervisor.
//
//   It runs only while something listens for it.
//
// WHAT IT SERVES
//   aloha.worker.v1.Worker: the snapshot, draining, the log; see workers/runtime.
//
// WHAT IT ASKS
//   aloha.admin.v1 of the supervisor, over a socket pair that every supervisor passes when it
//   attaches itself. For the metrics as a monitor, who may read and change nothing. For a browser
//   with its address, and with the token of its session (a cookie) or of its Authorization: who
//   that is and what he may do is the supervisor's to decide. It asserts nothing.
//
//   aloha-keys, over a direct channel, for the signature of each TLS handshake.
//
// FILES
//   The pages, read before confinement: ../share/aloha/wui beside the folder of this program, or
//   /usr/share/aloha/wui. Without them the API is served all the same.
//
// SECURITY
//   Clients may be hostile. TLS 1.2 and 1.3 are BoringSSL's; the private key is not here. Each
//   request must pass the strict reader of the data path (server/framing_guard.h) before RESTinio
//   sees it. Sizes, numbers and times are bounded, and who is slow or silent goes first when there
//   is no room (server/client_table.h). Calls of pages of other sites are refused
//   (server/gate.h). Cookies cannot be read by scripts.
//
//   The process gets its listening sockets from the supervisor, makes none itself, reaches nothing
//   but the supervisor and aloha-keys, and opens no file. Who breaks into it can do what those can
//   who are signed in meanwhile, and see no traffic and no private key.
//
// WHEN THINGS FAIL
//   Without a supervisor, calls are answered 503 and pages all the same; the next supervisor brings
//   a new channel. Without aloha-keys, handshakes wait for the next one for 5 s. A snapshot that is
//   wrong in any part is rejected whole, and the running one stays.
//
// READING ORDER
//   server/tls_settings.h, tls_connection.h (TLS), framing_guard.h, client_table.h (bounds),
//   gate.h, methods.h, connect.h, backend.h (the API), static_files.h (the pages), requests.h,
//   web_server.h, role.h.
#include <unistd.h>

#include <climits>
#include <memory>
#include <utility>

#include "workers/runtime/worker.h"
#include "wui/role.h"

namespace aloha::wui {
namespace {

Surroundings LookAround() {
  Surroundings found;
  char name[HOST_NAME_MAX + 1] = {};
  if (gethostname(name, HOST_NAME_MAX) == 0) found.machine_name = name;
  const std::string folder = StaticFiles::FindFolder();
  Result<StaticFiles> files = Fail(Code::kNotFound, "they are not installed");
  if (!folder.empty()) files = StaticFiles::Read(folder);
  if (files) {
    found.files = std::move(*files);
  } else {
    found.files_problem = files.error().message;
  }
  return found;
}

}  // namespace
}  // namespace aloha::wui

int main(int argc, char** argv) {
  aloha::wui::Surroundings surroundings;
  const aloha::RoleDescription description{
      .name = "wui",
      .confinement = {},
      .before_confinement = [&]() -> aloha::Result<> {
        surroundings = aloha::wui::LookAround();
        return {};
      },
      .make = [&](aloha::WorkerContext context) -> std::unique_ptr<aloha::Role> {
        return std::make_unique<aloha::wui::WuiRole>(context, std::move(surroundings));
      },
  };
  return aloha::RunWorker(argc, argv, description);
}
