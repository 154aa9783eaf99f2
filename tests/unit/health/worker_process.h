// aloha-health as a process, seen from its supervisor: started, attached, asked. Killed at the end.
#ifndef ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_
#define ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/types.h>

#include <memory>
#include <string>

#include "worker/v1/roles.grpc.pb.h"
#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::health {

class WorkerProcess {
 public:
  WorkerProcess();
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // A context for one call, which must end within 20 s.
  static std::unique_ptr<grpc::ClientContext> Call();
  // Prepares and commits; the status of the first that failed.
  grpc::Status Use(const worker::v1::HealthSnapshot& snapshot);
  // Passes the worker one end of a channel to "proxy"; answers the other.
  UniqueFd GivePeer();

  pid_t pid() const { return pid_; }
  worker::v1::Worker::Stub& worker() { return *worker_; }
  worker::v1::Health::Stub& health() { return *health_; }

 private:
  void Attach(const std::string& path);

  pid_t pid_ = -1;
  uint64_t generation_ = 0;
  UniqueFd descriptors_;
  std::unique_ptr<worker::v1::Worker::Stub> worker_;
  std::unique_ptr<worker::v1::Health::Stub> health_;
};

}  // namespace aloha::health

#endif  // ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_
