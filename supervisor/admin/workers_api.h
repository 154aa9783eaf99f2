// aloha.admin.v1.Workers and System: the processes and the machine.
#ifndef ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_

#include <chrono>
#include <string>

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/fleet.h"

namespace aloha::supervisor {

class WorkersApi final : public admin::v1::Workers::CallbackService {
 public:
  explicit WorkersApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* call,
                                        const admin::v1::ListWorkersRequest* request,
                                        admin::v1::ListWorkersResponse* response) override;
  grpc::ServerUnaryReactor* RestartWorker(grpc::CallbackServerContext* call,
                                          const admin::v1::RestartWorkerRequest* request,
                                          admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

class SystemApi final : public admin::v1::System::CallbackService {
 public:
  explicit SystemApi(AdminContext& context)
      : context_(context), started_(std::chrono::steady_clock::now()) {}

  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* call,
                                    const admin::v1::GetInfoRequest* request,
                                    admin::v1::SystemInfo* response) override;

 private:
  void Fill(admin::v1::SystemInfo* info) const;

  AdminContext& context_;
  const std::chrono::steady_clock::time_point started_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_
