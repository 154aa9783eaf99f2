// aloha.admin.v1.Services: the guide's four services.
#ifndef ALOHA_SUPERVISOR_ADMIN_SERVICES_API_H_
#define ALOHA_SUPERVISOR_ADMIN_SERVICES_API_H_

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class ServicesApi final : public admin::v1::Services::CallbackService {
 public:
  explicit ServicesApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListServices(grpc::CallbackServerContext* call,
                                         const admin::v1::ListServicesRequest* request,
                                         admin::v1::ListServicesResponse* response) override;
  grpc::ServerUnaryReactor* StartService(grpc::CallbackServerContext* call,
                                         const admin::v1::StartServiceRequest* request,
                                         admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* StopService(grpc::CallbackServerContext* call,
                                        const admin::v1::StopServiceRequest* request,
                                        admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* RestartService(grpc::CallbackServerContext* call,
                                           const admin::v1::RestartServiceRequest* request,
                                           admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* ReloadService(grpc::CallbackServerContext* call,
                                          const admin::v1::ReloadServiceRequest* request,
                                          admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* SetStartMode(grpc::CallbackServerContext* call,
                                         const admin::v1::SetStartModeRequest* request,
                                         admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_SERVICES_API_H_
