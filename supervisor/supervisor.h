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

#include "supervisor/access/access.h"
#include "supervisor/access/refusals.h"
#include "supervisor/admin/admin_api.h"
#include "supervisor/backup/backups.h"
#include "supervisor/certificates/certificates.h"
#include "supervisor/certificates/ticket_keys.h"
#include "supervisor/checks.h"
#include "supervisor/configurator.h"
#include "supervisor/deployment.h"
#include "supervisor/events.h"
#include "supervisor/firmware/firmware.h"
#include "supervisor/fleet.h"
#include "supervisor/keeper.h"
#include "supervisor/licenses/licenses.h"
#include "supervisor/machine/hardware.h"
#include "supervisor/machine/machine.h"
#include "supervisor/management_socket.h"
#include "supervisor/options.h"
#include "supervisor/peers/peers.h"
#include "supervisor/peers/stick_sync.h"
#include "supervisor/peers/sync.h"
#include "supervisor/privilege.h"
#include "supervisor/remote_watch.h"
#include "supervisor/reports/alerts.h"
#include "supervisor/reports/syslog_feed.h"
#include "supervisor/services.h"
#include "supervisor/vrrp/tracking.h"
#include "supervisor/vrrp/watch.h"

namespace aloha::supervisor {

class Supervisor {
 public:
  Supervisor(const Options& options, Privilege privilege);
  ~Supervisor();

  // Runs until told to stop. The exit code of main.
  int Run();

 private:
  asio::awaitable<void> Start();
  asio::awaitable<void> StartWorkers();
  asio::awaitable<void> KeepTrying();
  asio::awaitable<void> KeepSharing();
  asio::awaitable<void> SetNetwork();
  asio::awaitable<void> FinishStop();
  void OnEquipped(const std::shared_ptr<Process>& process);
  void SetMachine();
  void OnDeployed(const Result<>& deployed);
  asio::awaitable<void> Fit(const Role& role);
  void RotateTicketKeys();
  asio::awaitable<void> PublishTicketKeys();
  void BeginSync();
  asio::awaitable<void> KeepTicketKeysFresh();
  asio::awaitable<void> ReplaceOutdated();
  asio::awaitable<void> Stop();
  asio::awaitable<void> StopNow();
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
  Machine machine_;
  const Hardware hardware_ = ReadHardware();
  Licenses licenses_;
  Firmware firmware_;
  Configurator configurator_;
  Certificates certificates_;
  Services services_;
  VrrpWatch vrrp_;
  Tracking tracking_;
  Peers peers_;
  Sync sync_;
  StickSync stick_sync_;
  Access access_;
  Backups backups_;
  Refusals refusals_{events_};
  RemoteWatch remote_watch_{loop_, events_};
  Alerts alerts_{loop_, events_, fleet_};
  SyslogFeed syslog_{{loop_, log_, fleet_}};
  std::optional<Keeper> keeper_;
  std::unique_ptr<AdminApi> api_;
  bool starting_ = true;  // the first start of the workers is under way
  bool stopping_ = false;
  std::set<std::string_view> fitting_;  // roles that Fit is at
  int exit_code_ = 0;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_SUPERVISOR_H_
