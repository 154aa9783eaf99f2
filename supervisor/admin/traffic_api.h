// aloha.admin.v1.VirtualServices and Servers: what listens, where it goes, and whether that is
// well.
#ifndef ALOHA_SUPERVISOR_ADMIN_TRAFFIC_API_H_
#define ALOHA_SUPERVISOR_ADMIN_TRAFFIC_API_H_

#include "admin/v1/events.pb.h"
#include "admin/v1/traffic.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

// All virtual services with their servers, as ListVirtualServices shows them.
asio::awaitable<admin::v1::VirtualServiceStates> DescribeVirtualServices(AdminContext& context);

class VirtualServicesApi final : public admin::v1::VirtualServices::CallbackService {
 public:
  explicit VirtualServicesApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListVirtualServices(
      grpc::CallbackServerContext* call, const admin::v1::ListVirtualServicesRequest* request,
      admin::v1::ListVirtualServicesResponse* response) override;
  grpc::ServerUnaryReactor* GetVirtualService(grpc::CallbackServerContext* call,
                                              const admin::v1::GetVirtualServiceRequest* request,
                                              admin::v1::VirtualService* response) override;

 private:
  AdminContext& context_;
};

class ServersApi final : public admin::v1::Servers::CallbackService {
 public:
  explicit ServersApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListServers(grpc::CallbackServerContext* call,
                                        const admin::v1::ListServersRequest* request,
                                        admin::v1::ListServersResponse* response) override;
  grpc::ServerUnaryReactor* SetServerState(grpc::CallbackServerContext* call,
                                           const admin::v1::SetServerStateRequest* request,
                                           admin::v1::SetServerStateResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_TRAFFIC_API_H_
