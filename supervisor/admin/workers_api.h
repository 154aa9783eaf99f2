// aloha.admin.v1.Workers: the processes.
#ifndef ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_

#include <vector>

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/fleet.h"

namespace aloha::supervisor {

// The processes, the supervisor first; those that the configuration does not ask for are left out.
std::vector<admin::v1::Worker> DescribeWorkers(const AdminContext& context);

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

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_WORKERS_API_H_
