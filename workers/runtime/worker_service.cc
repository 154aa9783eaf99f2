#include "workers/runtime/worker_service.h"

#include <fmt/format.h>

#include "workers/runtime/log_stream.h"
#include "workers/runtime/serve.h"

namespace aloha {
namespace v1 = worker::v1;

grpc::ServerUnaryReactor* WorkerService::GetInfo(grpc::CallbackServerContext* call,
                                                 const v1::GetInfoRequest*,
                                                 v1::GetInfoResponse* response) {
  return ServeOnLoop(context_.loop, call, [this, response]() -> Result<> {
    *response = identity_;
    response->set_generation(running_);
    for (std::string& limitation : role_.Limitations())
      response->add_limitations(std::move(limitation));
    return {};
  });
}

grpc::ServerUnaryReactor* WorkerService::PrepareSnapshot(grpc::CallbackServerContext* call,
                                                         const v1::PrepareSnapshotRequest* request,
                                                         v1::PrepareSnapshotResponse*) {
  return ServeOnLoop(context_.loop, call, [this, request] { return Prepare(request->snapshot()); });
}

Result<> WorkerService::Prepare(const v1::Snapshot& snapshot) {
  if (snapshot.generation() <= running_) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("generation {} is not newer than the running {}", snapshot.generation(),
                            running_));
  }
  context_.descriptors.Receive();
  prepared_ = 0;
  if (auto prepared = role_.Prepare(snapshot); !prepared) {
    context_.descriptors.Clear();
    return prepared;
  }
  prepared_ = snapshot.generation();
  return {};
}

grpc::ServerUnaryReactor* WorkerService::CommitSnapshot(grpc::CallbackServerContext* call,
                                                        const v1::CommitSnapshotRequest* request,
                                                        v1::CommitSnapshotResponse*) {
  return ServeOnLoop(context_.loop, call,
                     [this, request] { return Commit(request->generation()); });
}

Result<> WorkerService::Commit(uint64_t generation) {
  if (prepared_ == 0 || prepared_ != generation) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("generation {} is not prepared", generation));
  }
  role_.Commit();
  running_ = std::exchange(prepared_, 0);
  context_.descriptors.Clear();
  return {};
}

grpc::ServerUnaryReactor* WorkerService::AbortSnapshot(grpc::CallbackServerContext* call,
                                                       const v1::AbortSnapshotRequest*,
                                                       v1::AbortSnapshotResponse*) {
  return ServeOnLoop(context_.loop, call, [this]() -> Result<> {
    role_.Abort();
    prepared_ = 0;
    context_.descriptors.Clear();
    return {};
  });
}

grpc::ServerUnaryReactor* WorkerService::Drain(grpc::CallbackServerContext* call,
                                               const v1::DrainRequest* request,
                                               v1::DrainResponse* response) {
  return ServeLater(context_.loop, call, [this, request, response](auto answer) {
    context_.log.Info(fmt::format("draining, at most {} ms", request->timeout_ms()));
    role_.Drain(std::chrono::milliseconds(request->timeout_ms()), [response, answer](uint32_t cut) {
      response->set_cut(cut);
      answer({});
    });
  });
}

grpc::ServerWriteReactor<v1::LogLine>* WorkerService::WatchLog(grpc::CallbackServerContext*,
                                                               const v1::WatchLogRequest* request) {
  return new LogStream(context_.log, *request);
}

}  // namespace aloha
