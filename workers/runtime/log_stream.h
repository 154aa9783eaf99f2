// A log, streamed to one gRPC reader. Lines wait in a bounded queue; a slow reader loses the oldest
// and is told how many.
#ifndef ALOHA_WORKERS_RUNTIME_LOG_STREAM_H_
#define ALOHA_WORKERS_RUNTIME_LOG_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <mutex>

#include "worker/v1/worker.pb.h"
#include "workers/runtime/log.h"

namespace aloha {

// Deletes itself when the call is over.
class LogStream final : public grpc::ServerWriteReactor<worker::v1::LogLine> {
 public:
  LogStream(Log& log, const worker::v1::WatchLogRequest& request);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  static constexpr size_t kMaxWaiting = 1'000;

  void Add(const LogEntry& entry);
  void WriteNext();  // with mutex_ held
  void End();        // with mutex_ held

  const bool access_;
  const bool follow_;
  std::mutex mutex_;
  std::deque<LogEntry> waiting_;
  uint64_t dropped_ = 0;
  bool writing_ = false;
  bool ended_ = false;
  worker::v1::LogLine line_;  // being written
  std::shared_ptr<void> watch_;
};

}  // namespace aloha

#endif  // ALOHA_WORKERS_RUNTIME_LOG_STREAM_H_
