// aloha.admin.v1.Firmware: updates of the appliance.
#ifndef ALOHA_SUPERVISOR_ADMIN_FIRMWARE_API_H_
#define ALOHA_SUPERVISOR_ADMIN_FIRMWARE_API_H_

#include "admin/v1/firmware.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class FirmwareApi final : public admin::v1::Firmware::CallbackService {
 public:
  explicit FirmwareApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetFirmware(grpc::CallbackServerContext* call,
                                        const admin::v1::GetFirmwareRequest* request,
                                        admin::v1::FirmwareState* response) override;
  grpc::ServerUnaryReactor* UploadFirmware(grpc::CallbackServerContext* call,
                                           const admin::v1::UploadFirmwareRequest* request,
                                           admin::v1::UploadFirmwareResponse* response) override;
  grpc::ServerUnaryReactor* InstallFirmware(grpc::CallbackServerContext* call,
                                            const admin::v1::InstallFirmwareRequest* request,
                                            admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* RollbackFirmware(grpc::CallbackServerContext* call,
                                             const admin::v1::RollbackFirmwareRequest* request,
                                             admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_FIRMWARE_API_H_
