// The configuration in charge: what runs, what is saved, and every way from one to another. One
// change at a time.
#ifndef ALOHA_SUPERVISOR_CONFIGURATOR_H_
#define ALOHA_SUPERVISOR_CONFIGURATOR_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/v1/state.pb.h"
#include "peer/v1/push.pb.h"
#include "supervisor/async.h"
#include "supervisor/config/compile.h"
#include "supervisor/config/plan.h"
#include "supervisor/config/store.h"
#include "supervisor/config/validate.h"
#include "supervisor/deployment.h"
#include "supervisor/events.h"
#include "supervisor/options.h"

namespace aloha::supervisor {

class Configurator {
 public:
  // What the configurator asks of the rest, and tells it.
  struct Hooks {
    std::function<bool()> serving;      // haproxy is wanted
    std::function<bool()> serving_tls;  // stunnel is wanted
    std::function<bool()> sharing;      // vrrp is wanted
    std::function<void(const Result<>&)>
        deployed;  // the running configuration reached the workers, or did not
    // Makes the certificate of this name that stands in where none is named.
    std::function<asio::awaitable<Result<config::v1::StoredCertificate>>(const config::v1::Config&,
                                                                         std::string name)>
        stand_in;
    std::function<const config::v1::TicketKeys&()> ticket_keys;
    // Adds the paired node to what was compiled for aloha-gateway.
    std::function<void(worker::v1::GatewaySnapshot&)> add_peer;
    std::function<void()> machine_changed;  // compiled().machine, by a lease of DHCP
    std::function<void()> changed;          // what the other node should have as well, perhaps
  };

  // What both nodes of a pair have in common.
  struct Shared {
    peer::v1::State state;
    std::string secret;  // of persistence
  };

  // What a restore makes of what is here. Computed when no other change is under way.
  struct Restoration {
    config::v1::Config config;
    std::optional<ConfigVersion> saved;  // absent: what is saved stays
    std::vector<ConfigVersion> history;  // oldest first
    std::function<config::v1::StoredCertificates(const config::v1::StoredCertificates& own)>
        certificates;
    config::v1::ServerStates states;
    std::string secret;  // of persistence; empty: that which is here stays
    std::string actor, method, note;
    std::string origin = "restored from a backup";
    bool final = false;  // saved at once, nobody need confirm it, and nothing leads back
  };

  // A wish to change the configuration.
  struct Change {
    config::v1::Config config;
    std::string actor;
    std::string method;
    std::string note;
    std::string origin = "apply";  // "apply", "rollback to 3", "factory reset", "file …", "undo"
    std::chrono::seconds confirm_within{0};
    bool save = false;
    bool back = false;              // to what was confirmed: nobody need confirm it again
    uint64_t expected_version = 0;  // 0: whatever runs
  };
  struct Applied {
    uint64_t version = 0;
    std::vector<PlanStep> steps;
    std::chrono::seconds confirm_within{0};  // 0: it stays
    Event event;
  };
  using ServerName = std::pair<std::string, std::string>;  // virtual service, server

  Configurator(asio::io_context& loop, const Options& options, Deployment& deployment,
               Events& events, Hooks hooks);

  // Finds what to run; there is always something. An error: the folders cannot be used.
  Result<> Load();

  const Compiled& compiled() const { return compiled_; }
  const ConfigVersion& running() const { return running_; }
  const ConfigStore& store() const { return *store_; }
  bool unsaved_changes() const;
  // The file given at the start decides, and nothing can be saved.
  bool authoritative() const { return options_.config_authoritative; }
  // Number of the saved version; 0: none.
  uint64_t saved_version() const { return saved_ ? saved_->info.number() : 0; }
  // Until the change undoes itself; nothing when none waits.
  std::optional<std::chrono::seconds> ConfirmWithin() const;

  // What a configuration may refer to now.
  Facts facts() const;
  const config::v1::StoredCertificates& certificates() const { return input_.certificates; }
  // Paths of the running and the saved configuration.
  std::vector<std::string> UsesOfCertificate(const std::string& name) const;
  std::vector<std::string> UsesOfTrustAnchor(const std::string& name) const;
  std::vector<PlanStep> PlanFor(const config::v1::Config& config) const;

  // Sets addresses and routes of the running configuration, whatever else can be served: without
  // them nobody could reach the machine to mend the rest.
  asio::awaitable<Result<>> DeployNetwork();
  // The address that DHCP gave, at once; one without address: there is none any more.
  asio::awaitable<Result<>> SetLease(config::v1::NetworkLease lease);
  const config::v1::NetworkLease& lease() const { return input_.lease; }
  // Brings what runs to the workers once more. What keeps virtual addresses alone from being shared
  // at a start keeps nothing else from being served: see sharing_fault.
  asio::awaitable<Result<>> Redeploy();
  // Why virtual addresses of the running configuration are not shared ("no interface eth1 …");
  // empty: nothing is in the way.
  std::string sharing_fault() const;
  // Tries again what is in the way.
  asio::awaitable<void> RetrySharing();
  // Applies a configuration in which validation found no error. Every worker accepts, or nothing
  // changes.
  asio::awaitable<Result<Applied>> Apply(Change change);
  // Keeps the change that waits for confirmation.
  asio::awaitable<Result<>> Confirm();
  Result<> Save();
  // 0: the version before the running one. kNotFound when there is none, kInvalidArgument when it
  // is no longer valid.
  asio::awaitable<Result<Applied>> Rollback(uint64_t version, std::string actor,
                                            std::string method);
  // "VIRTUAL-SERVICE/SERVER", or the name of a CAS or HUB server: all its services. Answers who was
  // meant.
  asio::awaitable<Result<std::vector<ServerName>>> SetServerState(std::string name,
                                                                  worker::v1::AdminState state);
  // Changes what was imported, and brings it to the workers; `change` refuses, or changes its
  // argument. All or nothing; but while the running configuration cannot be served, certificates
  // are changed all the same.
  asio::awaitable<Result<>> ChangeCertificates(
      std::function<Result<>(config::v1::StoredCertificates&)> change);
  Shared shared() const;
  // What was found at the start is what an administrator wanted last, not what was left after a
  // loss.
  bool start_was_trusted() const { return start_was_trusted_; }
  // Validates, applies and saves what the other node has, as far as it is shared. All or nothing.
  // `begin` runs when every worker has accepted it, before anything is kept; its failure refuses
  // it. kInvalidArgument, kFailedPrecondition: why it is refused.
  asio::awaitable<Result<Applied>> TakeOver(Shared shared, std::string actor,
                                            std::function<Result<>()> begin);
  // Why a restore would be refused, and what is worth a warning.
  std::vector<Problem> CheckRestore(const Restoration& restoration) const;
  // What it would do to what the workers run.
  std::vector<PlanStep> PlanRestore(const Restoration& restoration) const;
  // Applies it, and saves what the backup had saved. `begin` as in TakeOver; errors too.
  asio::awaitable<Result<Applied>> Restore(Restoration restoration,
                                           std::function<Result<>()> begin);
  // SIGHUP: reads the file again and applies it; what is wrong with it becomes events.
  asio::awaitable<void> ReloadFile();

  const config::v1::StartModes& start_modes() const { return start_modes_; }
  Result<> SaveStartModes(const config::v1::StartModes& modes);

 private:
  struct Pending {
    uint64_t previous = 0;  // version to go back to
    std::chrono::system_clock::time_point deadline;
    bool save = false;        // it is saved when it is confirmed
    uint64_t save_other = 0;  // this version is, instead; 0: none
    bool told = false;        // that it could not be taken back yet
  };

  // What becomes of everything at once when it comes from elsewhere.
  struct Whole {
    Change change;
    CompileInput input;
    std::vector<std::string> failures;  // error pages that could not be read
    std::string text;                   // of the event
  };

  Result<> MayTakeOver(const Shared& shared, const config::v1::Config& config,
                       const config::v1::StoredCertificates& certificates) const;
  asio::awaitable<Result<Applied>> AdoptLocked(Whole whole, std::function<Result<>()> begin);
  Whole WholeOf(const Restoration& restoration) const;
  Result<> SaveOther(uint64_t number);
  Result<> KeepShared(const CompileInput& input,
                      const config::v1::StoredCertificates& certificates);

  using UsesOf = std::vector<std::string>(const config::v1::Config&, const std::string&);

  std::vector<std::string> InEither(UsesOf* uses, const std::string& name) const;
  void LoadState();
  void LoadPersistenceSecret();
  // What Compile needs for it, error pages read anew; `failures` tells which could not be read.
  CompileInput InputFor(const config::v1::Config& config, std::vector<std::string>& failures) const;
  void ReportPages(const std::vector<std::string>& failures);
  asio::awaitable<Result<>> AddStandIns(const config::v1::Config& config, CompileInput& input);
  void ReportWaiting();
  void LoadPending();
  Target EffectiveTarget(const Compiled& compiled) const;
  asio::awaitable<Result<>> Deploy(const Compiled& compiled,
                                   std::function<Result<>()> before_commit);
  asio::awaitable<Result<>> DeployRunning();
  void ReportSharing();
  asio::awaitable<Result<Applied>> ApplyLocked(Change change);
  Result<> Acceptable(const Change& change) const;
  Result<> StorePending(const std::optional<Pending>& pending);
  std::optional<Pending> PendingOf(const Change& change, const Compiled& next) const;
  asio::awaitable<Result<>> SetNetwork(const Compiled& compiled);
  void LoadLease();
  void ArmLease();
  asio::awaitable<void> EndLease();
  void ArmUndo();
  asio::awaitable<void> Undo();
  asio::awaitable<Result<>> UndoOnce();
  std::vector<ServerName> ServersMeant(const std::string& name) const;
  bool IsExchangeServer(const std::string& name) const;
  std::string StatePath(const char* file) const { return options_.state_dir + "/" + file; }

  const Options options_;
  Deployment& deployment_;
  Events& events_;
  const Hooks hooks_;
  AsyncMutex mutex_;
  asio::io_context& loop_;
  asio::steady_timer undo_timer_;
  asio::steady_timer lease_timer_;
  std::optional<ConfigStore> store_;
  ConfigVersion running_;
  std::optional<ConfigVersion> saved_;
  Compiled compiled_;
  CompileInput input_;  // of compiled_
  std::string told_unshared_;
  std::string unshared_;   // why virtual addresses were left out of the last deployment
  bool deployed_ = false;  // the last deployment reached the workers
  bool start_was_trusted_ = true;
  std::vector<std::string> told_waiting_;
  config::v1::StartModes start_modes_;
  std::optional<Pending> pending_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_CONFIGURATOR_H_
