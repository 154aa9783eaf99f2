// aloha.admin.v1.Licenses: licences of the product.
#ifndef ALOHA_SUPERVISOR_ADMIN_LICENSES_API_H_
#define ALOHA_SUPERVISOR_ADMIN_LICENSES_API_H_

#include "admin/v1/licenses.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class LicensesApi final : public admin::v1::Licenses::CallbackService {
 public:
  explicit LicensesApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListLicenses(grpc::CallbackServerContext* call,
                                         const admin::v1::ListLicensesRequest* request,
                                         admin::v1::ListLicensesResponse* response) override;
  grpc::ServerUnaryReactor* AddLicense(grpc::CallbackServerContext* call,
                                       const admin::v1::AddLicenseRequest* request,
                                       admin::v1::LicenseChange* response) override;
  grpc::ServerUnaryReactor* RemoveLicense(grpc::CallbackServerContext* call,
                                          const admin::v1::RemoveLicenseRequest* request,
                                          admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_LICENSES_API_H_
