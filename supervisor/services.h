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
#include "supervisor/fleet.h"

namespace aloha::supervisor {

class Services {
 public:
  // Time that sessions get when haproxy stops or its proxy is replaced.
  static constexpr std::chrono::seconds kDrain{30};

  // stop_file: remembers, until the next boot, that haproxy was stopped, so that a crash of the
  // supervisor does not start it again.
  // redeploy: brings the running configuration to the workers, as far as serving() allows.
  // save: keeps start-up modes; its failure refuses the change.
  Services(asio::io_context& loop, Fleet& fleet, std::string stop_file,
           std::function<asio::awaitable<Result<>>()> redeploy,
           std::function<Result<>(const config::v1::StartModes&)> save)
      : loop_(loop),
        fleet_(fleet),
        stop_file_(std::move(stop_file)),
        redeploy_(std::move(redeploy)),
        save_(std::move(save)) {}

  // Modes of an earlier run.
  void SetStartModes(const config::v1::StartModes& modes);
  bool StartsByItself(std::string_view service) const;
  // haproxy is wanted: listeners may be open.
  bool serving() const { return serving_; }
  // At the start: whether haproxy is wanted, by its mode and by what was asked before a crash.
  void Recall();
  // At an orderly end: the next start goes by the mode alone.
  void ForgetStop() const;
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
  // Closes the listeners, drains at most `drain`, ends the workers of haproxy.
  asio::awaitable<void> StopTraffic(std::chrono::milliseconds drain);

 private:
  Result<> Usable(const std::string& name) const;
  admin::v1::Service Describe(std::string_view name) const;
  asio::awaitable<Result<>> StartTraffic();

  asio::io_context& loop_;
  Fleet& fleet_;
  const std::string stop_file_;
  std::function<asio::awaitable<Result<>>()> redeploy_;
  std::function<Result<>(const config::v1::StartModes&)> save_;
  std::map<std::string, bool, std::less<>> automatic_;  // absent: true
  bool serving_ = false;
  std::string stopped_by_;
  std::string fault_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_SERVICES_H_
