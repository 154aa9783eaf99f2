// aloha.admin.v1.Logs: the lines of all processes in one stream.
#ifndef ALOHA_SUPERVISOR_ADMIN_LOGS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_LOGS_API_H_

#include <functional>

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

// Where lines go. All are called on any thread.
struct LogSink {
  std::function<bool(admin::v1::LogLine)> send;  // false: nobody reads any more
  std::function<bool()> alive;
  std::function<uint64_t()> take_dropped;  // lines lost since the last call
};

// Sends the lines of every wanted process, fresh ones too, until the reader is gone; or, without
// `follow`, ends after what is kept.
asio::awaitable<void> FollowLog(AdminContext& context, LogSink sink,
                                admin::v1::WatchLogRequest request);

class LogsApi final : public admin::v1::Logs::CallbackService {
 public:
  explicit LogsApi(AdminContext& context) : context_(context) {}

  grpc::ServerWriteReactor<admin::v1::LogLine>* WatchLog(
      grpc::CallbackServerContext* call, const admin::v1::WatchLogRequest* request) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_LOGS_API_H_
