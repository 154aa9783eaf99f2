// A worker as a process, seen from its supervisor: started, attached, asked. Killed at the end.
#ifndef ALOHA_TESTS_UNIT_SUPPORT_SPAWNED_WORKER_H_
#define ALOHA_TESTS_UNIT_SUPPORT_SPAWNED_WORKER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "worker/v1/descriptor.pb.h"
#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/unique_fd.h"

namespace aloha {

class SpawnedWorker {
 public:
  // The path of the program, and arguments beside the level of its log.
  explicit SpawnedWorker(const std::string& program,
                         const std::vector<std::string>& arguments = {});
  ~SpawnedWorker();
  SpawnedWorker(const SpawnedWorker&) = delete;
  SpawnedWorker& operator=(const SpawnedWorker&) = delete;

  // A context for one call, which must end within 20 s.
  static std::unique_ptr<grpc::ClientContext> Call();
  // Prepares and commits, with the next generation; the status of the first that failed.
  grpc::Status Use(worker::v1::Snapshot snapshot);
  // Passes the worker a descriptor, which stays the caller's.
  void Give(const worker::v1::Descriptor& name, int descriptor);
  // Passes the worker one end of a channel to the worker of that role; answers the other.
  UniqueFd GivePeer(const std::string& role);

  pid_t pid() const { return pid_; }
  worker::v1::Worker::Stub& worker() { return *worker_; }
  // For the services of its own.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  void Attach(const std::string& path);

  pid_t pid_ = -1;
  uint64_t generation_ = 0;
  UniqueFd descriptors_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<worker::v1::Worker::Stub> worker_;
};

}  // namespace aloha

#endif  // ALOHA_TESTS_UNIT_SUPPORT_SPAWNED_WORKER_H_
