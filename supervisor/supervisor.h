// The whole of the supervisor: builds the parts, starts and adopts workers, serves the management
// API, stops.
#ifndef ALOHA_SUPERVISOR_SUPERVISOR_H_
#define ALOHA_SUPERVISOR_SUPERVISOR_H_

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "supervisor/admin/handler.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/certificates/ticket_keys.h"
#include "supervisor/checks.h"
#include "supervisor/configurator.h"
#include "supervisor/deployment.h"
#include "supervisor/events.h"
#include "supervisor/fleet.h"
#include "supervisor/keeper.h"
#include "supervisor/management_socket.h"
#include "supervisor/options.h"
#include "supervisor/privilege.h"
#include "supervisor/services.h"

namespace aloha::supervisor {

class Supervisor {
 public:
  Supervisor(const Options& options, Privilege privilege);
  ~Supervisor();

  // Runs until told to stop. The exit code of main.
  int Run();

 private:
  struct Api;  // the gRPC services and their server

  asio::awaitable<void> Start();
  asio::awaitable<void> StartWorkers();
  asio::awaitable<void> KeepTrying();
  void OnEquipped(const std::shared_ptr<Process>& process);
  void OnDeployed(const Result<>& deployed);
  asio::awaitable<void> Fit(const Role& role);
  void RotateTicketKeys();
  asio::awaitable<void> KeepTicketKeysFresh();
  asio::awaitable<void> ReplaceOutdated();
  asio::awaitable<void> Stop();
  void AwaitSignals();
  void OnSignal(int signal);
  std::string DescribePrivilege() const;

  const Options options_;
  Log log_;
  asio::io_context loop_{1};
  asio::signal_set signals_;
  Events events_;
  ManagementSocket socket_;
  Fleet fleet_;
  Deployment deployment_;
  Checks checks_;
  TicketKeys ticket_keys_;
  Configurator configurator_;
  Certificates certificates_;
  Services services_;
  std::optional<Keeper> keeper_;
  std::unique_ptr<Api> api_;
  bool stopping_ = false;
  std::set<std::string_view> fitting_;  // roles that Fit is at
  int exit_code_ = 0;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_SUPERVISOR_H_
