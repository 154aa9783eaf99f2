// The main of every worker: start, confine, serve the supervisor, drain, leave.
//
// A worker is one Role. Its methods run on the control thread; gRPC calls are brought there. A role
// that serves data on threads of its own hands them immutable snapshots.
//
// Descriptors at start: 3 is the control socket (listening, SOCK_SEQPACKET), where a supervisor
// attaches itself; 4 is the journal (see log.h). Everything else arrives later, by the descriptor
// channel.
#ifndef ALOHA_WORKERS_RUNTIME_WORKER_H_
#define ALOHA_WORKERS_RUNTIME_WORKER_H_

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/v1/snapshot.pb.h"
#include "workers/runtime/confine.h"
#include "workers/runtime/descriptors.h"
#include "workers/runtime/error.h"
#include "workers/runtime/log.h"

namespace aloha {

// What the runtime lends to a role; outlives it.
struct WorkerContext {
  asio::io_context& loop;  // the control thread's
  DescriptorInbox& descriptors;
  Log& log;
};

class Role {
 public:
  virtual ~Role() = default;

  // gRPC services beyond worker.v1.Worker; owned by the role. Their methods run on gRPC's threads:
  // answer through serve.h, which runs the work on the control thread.
  virtual std::vector<grpc::Service*> Services() { return {}; }
  // What answers the supervisor's calls of methods that no service has; owned by the role. Nothing:
  // they are answered UNIMPLEMENTED.
  virtual grpc::CallbackGenericService* GenericService() { return nullptr; }

  // Checks the snapshot and builds what Commit will use. Replaces an earlier prepared one. On
  // failure nothing changes.
  virtual Result<> Prepare(const worker::v1::Snapshot& snapshot) = 0;
  // Uses what was prepared; called only after a Prepare that succeeded. Cannot fail.
  virtual void Commit() = 0;
  // Forgets what was prepared.
  virtual void Abort() = 0;
  // Takes nothing new and calls `done` once, on the control thread, when live work has ended or
  // after `timeout` (then cuts it), with the number of things cut.
  virtual void Drain(std::chrono::milliseconds timeout, std::function<void(uint32_t cut)> done) = 0;
  // A direct channel to another worker arrived (SOCK_SEQPACKET); replaces an earlier one.
  virtual void OnPeer(const std::string& role, UniqueFd socket) {
    (void)role;
    (void)socket;
  }
  // What must outlive this process and its supervisor: sent to every supervisor that attaches. They
  // stay the role's.
  virtual std::vector<NamedDescriptor> Keepsakes() { return {}; }
  // Why something that this role may need is not at hand; see GetInfoResponse.
  virtual std::vector<std::string> Limitations() { return {}; }
};

// An option of the role's own on the command line, "--key-dir FOLDER".
struct RoleOption {
  const char* name;    // with the dashes
  std::string* value;  // set where the option is given
};

struct RoleDescription {
  std::string name;  // "proxy"
  // Beside --log-level and --log-format.
  std::vector<RoleOption> options;
  Confinement confinement;
  // Called before confinement, with one thread and the options set: for what needs a privilege that
  // confinement takes. May add the folders that it opens to `confinement`. May be empty.
  std::function<Result<>()> before_confinement;
  // Makes the role, after confinement.
  std::function<std::unique_ptr<Role>(WorkerContext)> make;
};

// Runs until the supervisor asks the worker to leave, or nobody has adopted it for 10 minutes. The
// exit code of main.
int RunWorker(int argc, char** argv, const RoleDescription& description);

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_WORKER_H_
