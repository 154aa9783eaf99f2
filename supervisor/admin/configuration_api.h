// aloha.admin.v1.Configuration: running and saved, versions, plan, apply, undo.
#ifndef ALOHA_SUPERVISOR_ADMIN_CONFIGURATION_API_H_
#define ALOHA_SUPERVISOR_ADMIN_CONFIGURATION_API_H_

#include "admin/v1/configuration.grpc.pb.h"
#include "admin/v1/events.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/configurator.h"

namespace aloha::supervisor {

// What runs, and how it stands to what is saved.
admin::v1::ConfigurationState DescribeConfiguration(const AdminContext& context);

class ConfigurationApi final : public admin::v1::Configuration::CallbackService {
 public:
  explicit ConfigurationApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* call,
                                      const admin::v1::GetConfigRequest* request,
                                      admin::v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* ValidateConfig(grpc::CallbackServerContext* call,
                                           const admin::v1::ValidateConfigRequest* request,
                                           admin::v1::ValidateConfigResponse* response) override;
  grpc::ServerUnaryReactor* PlanConfig(grpc::CallbackServerContext* call,
                                       const admin::v1::PlanConfigRequest* request,
                                       admin::v1::PlanConfigResponse* response) override;
  grpc::ServerUnaryReactor* ApplyConfig(grpc::CallbackServerContext* call,
                                        const admin::v1::ApplyConfigRequest* request,
                                        admin::v1::ApplyConfigResponse* response) override;
  grpc::ServerUnaryReactor* ConfirmConfig(grpc::CallbackServerContext* call,
                                          const admin::v1::ConfirmConfigRequest* request,
                                          admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* SaveConfig(grpc::CallbackServerContext* call,
                                       const admin::v1::SaveConfigRequest* request,
                                       admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* ListVersions(grpc::CallbackServerContext* call,
                                         const admin::v1::ListVersionsRequest* request,
                                         admin::v1::ListVersionsResponse* response) override;
  grpc::ServerUnaryReactor* DiffVersions(grpc::CallbackServerContext* call,
                                         const admin::v1::DiffVersionsRequest* request,
                                         admin::v1::DiffVersionsResponse* response) override;
  grpc::ServerUnaryReactor* RollbackConfig(grpc::CallbackServerContext* call,
                                           const admin::v1::RollbackConfigRequest* request,
                                           admin::v1::ApplyConfigResponse* response) override;
  grpc::ServerUnaryReactor* ResetConfig(grpc::CallbackServerContext* call,
                                        const admin::v1::ResetConfigRequest* request,
                                        admin::v1::ApplyConfigResponse* response) override;

 private:
  Result<> Get(const admin::v1::GetConfigRequest& request,
               admin::v1::GetConfigResponse* response) const;
  Result<std::string> TextOf(uint64_t version, bool saved_when_zero) const;

  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_CONFIGURATION_API_H_
