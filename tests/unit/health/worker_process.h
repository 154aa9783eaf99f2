// aloha-health as a process, seen from its supervisor.
#ifndef ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_
#define ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_

#include <memory>

#include "tests/unit/support/spawned_worker.h"
#include "worker/v1/roles.grpc.pb.h"

namespace aloha::health {

class WorkerProcess : public SpawnedWorker {
 public:
  WorkerProcess()
      : SpawnedWorker(ALOHA_HEALTH_BINARY), health_(worker::v1::Health::NewStub(channel())) {}

  grpc::Status Use(const worker::v1::HealthSnapshot& health) {
    worker::v1::Snapshot snapshot;
    *snapshot.mutable_health() = health;
    return SpawnedWorker::Use(std::move(snapshot));
  }
  // Our end of its channel to the proxy.
  UniqueFd GivePeer() { return SpawnedWorker::GivePeer("proxy"); }

  worker::v1::Health::Stub& health() { return *health_; }

 private:
  std::unique_ptr<worker::v1::Health::Stub> health_;
};

}  // namespace aloha::health

#endif  // ALOHA_TESTS_UNIT_HEALTH_WORKER_PROCESS_H_
