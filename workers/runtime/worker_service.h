// aloha.worker.v1.Worker: what every worker answers to its supervisor.
#ifndef ALOHA_WORKERS_RUNTIME_WORKER_SERVICE_H_
#define ALOHA_WORKERS_RUNTIME_WORKER_SERVICE_H_

#include <asio/io_context.hpp>
#include <string>

#include "worker/v1/worker.grpc.pb.h"
#include "workers/runtime/worker.h"

namespace aloha {

class WorkerService final : public worker::v1::Worker::CallbackService {
 public:
  // identity: role, pid, binary and confinement, as GetInfo answers them. All outlive the service.
  WorkerService(WorkerContext context, Role& role, worker::v1::GetInfoResponse identity)
      : context_(context), role_(role), identity_(std::move(identity)) {}

  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* call,
                                    const worker::v1::GetInfoRequest* request,
                                    worker::v1::GetInfoResponse* response) override;
  grpc::ServerUnaryReactor* PrepareSnapshot(grpc::CallbackServerContext* call,
                                            const worker::v1::PrepareSnapshotRequest* request,
                                            worker::v1::PrepareSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* CommitSnapshot(grpc::CallbackServerContext* call,
                                           const worker::v1::CommitSnapshotRequest* request,
                                           worker::v1::CommitSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* AbortSnapshot(grpc::CallbackServerContext* call,
                                          const worker::v1::AbortSnapshotRequest* request,
                                          worker::v1::AbortSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* call,
                                  const worker::v1::DrainRequest* request,
                                  worker::v1::DrainResponse* response) override;
  grpc::ServerWriteReactor<worker::v1::LogLine>* WatchLog(
      grpc::CallbackServerContext* call, const worker::v1::WatchLogRequest* request) override;

 private:
  Result<> Prepare(const worker::v1::Snapshot& snapshot);
  Result<> Commit(uint64_t generation);

  WorkerContext context_;
  Role& role_;
  const worker::v1::GetInfoResponse identity_;
  // Generations; 0: none. Control thread.
  uint64_t running_ = 0;
  uint64_t prepared_ = 0;
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_WORKER_SERVICE_H_
