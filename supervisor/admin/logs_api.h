// aloha.admin.v1.Logs: the lines of all processes in one stream.
#ifndef ALOHA_SUPERVISOR_ADMIN_LOGS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_LOGS_API_H_

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

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
