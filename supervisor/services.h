// The four services that users see, mapped to workers: system, vrrp, haproxy, stunnel.
#ifndef ALOHA_SUPERVISOR_SERVICES_H_
#define ALOHA_SUPERVISOR_SERVICES_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "admin/v1/admin.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/config/compile.h"
#include "supervisor/fleet.h"

namespace aloha::supervisor {

class Services {
 public:
  // Time that sessions get when haproxy stops or its proxy is replaced.
  static constexpr std::chrono::seconds kDrain{30};
  // Sessions in a process whose program was replaced: nobody has asked for their end.
  static constexpr std::chrono::hours kUpgradeDrain{24};
  // Time that handshakes get when aloha-tls or aloha-keys goes.
  static constexpr std::chrono::seconds kHandshakeDrain{10};
  // Time that aloha-vrrp gets to say goodbye. (Without any it would leave its addresses to a
  // successor.)
  static constexpr std::chrono::seconds kGoodbye{2};

  // What a process of this role gets of it.
  static std::chrono::milliseconds DrainOf(std::string_view role);

  // What the services ask of the rest.
  struct Hooks {
    // Brings the running configuration to the workers, as far as serving(), serving_tls() and
    // sharing() allow, and starts or stops the optional ones.
    std::function<asio::awaitable<Result<>>()> redeploy;
    // Keeps start-up modes; its failure refuses the change.
    std::function<Result<>(const config::v1::StartModes&)> save;
    // The running configuration.
    std::function<const Compiled&()> compiled;
    // What keeps virtual addresses from being shared, and what is wrong with those that are; empty:
    // nothing.
    std::function<std::string()> sharing_fault, vrrp_trouble;
    // A service is wanted, or not any more; nothing was done about it yet.
    std::function<void()> changed;
  };

  // run_dir: where it is remembered, until the next boot, that haproxy, stunnel or vrrp was
  // stopped, so that a crash of the supervisor does not start it again.
  Services(asio::io_context& loop, Fleet& fleet, std::string run_dir, Hooks hooks)
      : loop_(loop), fleet_(fleet), run_dir_(std::move(run_dir)), hooks_(std::move(hooks)) {}

  // Modes of an earlier run.
  void SetStartModes(const config::v1::StartModes& modes);
  bool StartsByItself(std::string_view service) const;
  // haproxy is wanted: listeners may be open.
  bool serving() const { return haproxy_.wanted; }
  // stunnel is wanted: TLS may end and begin here.
  bool serving_tls() const { return stunnel_.wanted; }
  // vrrp is wanted: virtual addresses may be here.
  bool sharing() const { return vrrp_.wanted; }
  // What haproxy is to the nodes that share addresses with this one.
  struct Serving {
    enum class State {
      kOk,
      kPassing,  // a process is being started again
      kStopped,  // somebody wanted it so
      kFailed,
    };
    State state = State::kOk;
    std::string reason;  // as the list shows it
  };
  Serving serving_state() const;
  // At the start: whether they are wanted, by their modes and by what was asked before a crash.
  void Recall();
  // At an orderly end: the next start goes by the modes alone.
  void ForgetStops() const;
  // What keeps the running configuration from being served ("address already in use …"); empty:
  // nothing.
  void SetFault(std::string fault) { fault_ = std::move(fault); }
  const std::string& fault() const { return fault_; }

  std::vector<admin::v1::Service> List() const;

  // Each refuses an unknown name (kNotFound) and what the service cannot do (kFailedPrecondition,
  // with the reason). `actor` is shown as the reason of a stopped service.
  asio::awaitable<Result<>> Start(std::string name);
  asio::awaitable<Result<>> Stop(std::string name, bool now, std::string actor);
  asio::awaitable<Result<>> Restart(std::string name);
  asio::awaitable<Result<>> Reload(std::string name);
  Result<> SetStartMode(const std::string& name, bool automatic);
  // Gives the virtual addresses up; other nodes are told at once.
  asio::awaitable<Result<>> StopSharing();
  // Closes the listeners, drains at most `drain`, ends the workers of haproxy.
  asio::awaitable<void> StopTraffic(std::chrono::milliseconds drain);

 private:
  // A service that can be stopped.
  struct Stoppable {
    const char* name;
    bool wanted = false;
    std::string stopped_by;
  };

  Result<> Usable(const std::string& name) const;
  std::string WhyUnused(std::string_view name) const;
  admin::v1::Service Describe(std::string_view name) const;
  void DescribeWorkers(admin::v1::Service& service, std::string& reason) const;
  // Null: it cannot be stopped.
  Stoppable* FindStoppable(std::string_view name);
  const Stoppable* FindStoppable(std::string_view name) const;
  std::string StopFile(const Stoppable& service) const;
  asio::awaitable<Result<>> StartStoppable(Stoppable& service);
  asio::awaitable<Result<>> StartProcesses(const Stoppable& service);
  asio::awaitable<Result<>> RestartTls();
  asio::awaitable<Result<>> RestartHaproxy();
  asio::awaitable<Result<>> RestartSystem();

  asio::io_context& loop_;
  Fleet& fleet_;
  const std::string run_dir_;
  const Hooks hooks_;
  std::map<std::string, bool, std::less<>> automatic_;  // absent: true
  Stoppable haproxy_{"haproxy"};
  Stoppable stunnel_{"stunnel"};
  Stoppable vrrp_{"vrrp"};
  std::string fault_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_SERVICES_H_
