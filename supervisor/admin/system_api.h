// aloha.admin.v1.System: the machine and the product.
#ifndef ALOHA_SUPERVISOR_ADMIN_SYSTEM_API_H_
#define ALOHA_SUPERVISOR_ADMIN_SYSTEM_API_H_

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

// The machine and the product, now.
admin::v1::SystemInfo DescribeSystem(const AdminContext& context);

class SystemApi final : public admin::v1::System::CallbackService {
 public:
  explicit SystemApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* call,
                                    const admin::v1::GetInfoRequest* request,
                                    admin::v1::SystemInfo* response) override;
  grpc::ServerUnaryReactor* RebootSystem(grpc::CallbackServerContext* call,
                                         const admin::v1::RebootSystemRequest* request,
                                         admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* SetTimeZone(grpc::CallbackServerContext* call,
                                        const admin::v1::SetTimeZoneRequest* request,
                                        admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* ListTimeZones(grpc::CallbackServerContext* call,
                                          const admin::v1::ListTimeZonesRequest* request,
                                          admin::v1::ListTimeZonesResponse* response) override;
  grpc::ServerUnaryReactor* SetLanguage(grpc::CallbackServerContext* call,
                                        const admin::v1::SetLanguageRequest* request,
                                        admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_SYSTEM_API_H_
