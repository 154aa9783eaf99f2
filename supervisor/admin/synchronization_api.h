// aloha.admin.v1.Synchronization: whether both nodes have the same.
#ifndef ALOHA_SUPERVISOR_ADMIN_SYNCHRONIZATION_API_H_
#define ALOHA_SUPERVISOR_ADMIN_SYNCHRONIZATION_API_H_

#include "admin/v1/synchronization.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class SynchronizationApi final : public admin::v1::Synchronization::CallbackService {
 public:
  explicit SynchronizationApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetSynchronization(grpc::CallbackServerContext* call,
                                               const admin::v1::GetSynchronizationRequest* request,
                                               admin::v1::SyncState* response) override;
  grpc::ServerUnaryReactor* StartSynchronization(
      grpc::CallbackServerContext* call, const admin::v1::StartSynchronizationRequest* request,
      admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_SYNCHRONIZATION_API_H_
