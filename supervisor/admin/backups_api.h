// aloha.admin.v1.Backups.
#ifndef ALOHA_SUPERVISOR_ADMIN_BACKUPS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_BACKUPS_API_H_

#include "admin/v1/backup.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class BackupsApi final : public admin::v1::Backups::CallbackService {
 public:
  explicit BackupsApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* call,
                                         const admin::v1::CreateBackupRequest* request,
                                         admin::v1::CreateBackupResponse* response) override;
  grpc::ServerUnaryReactor* PreviewRestore(grpc::CallbackServerContext* call,
                                           const admin::v1::PreviewRestoreRequest* request,
                                           admin::v1::PreviewRestoreResponse* response) override;
  grpc::ServerUnaryReactor* RestoreBackup(grpc::CallbackServerContext* call,
                                          const admin::v1::RestoreBackupRequest* request,
                                          admin::v1::RestoreBackupResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_BACKUPS_API_H_
