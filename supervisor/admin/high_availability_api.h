// aloha.admin.v1.HighAvailability: virtual addresses shared with other nodes.
#ifndef ALOHA_SUPERVISOR_ADMIN_HIGH_AVAILABILITY_API_H_
#define ALOHA_SUPERVISOR_ADMIN_HIGH_AVAILABILITY_API_H_

#include "admin/v1/high_availability.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

// Whether the configuration has it.
bool UsesVrrp(const AdminContext& context);
// The routers of the running configuration, each as it was last heard.
admin::v1::Vrrp DescribeVrrp(const AdminContext& context);

class HighAvailabilityApi final : public admin::v1::HighAvailability::CallbackService {
 public:
  explicit HighAvailabilityApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetVrrp(grpc::CallbackServerContext* call,
                                    const admin::v1::GetVrrpRequest* request,
                                    admin::v1::Vrrp* response) override;
  grpc::ServerWriteReactor<admin::v1::Vrrp>* WatchVrrp(
      grpc::CallbackServerContext* call, const admin::v1::WatchVrrpRequest* request) override;
  grpc::ServerUnaryReactor* ReleaseMastership(grpc::CallbackServerContext* call,
                                              const admin::v1::ReleaseMastershipRequest* request,
                                              admin::v1::ChangeResponse* response) override;
  // In pairing_api.cc.
  grpc::ServerUnaryReactor* CreatePairingCode(grpc::CallbackServerContext* call,
                                              const admin::v1::CreatePairingCodeRequest* request,
                                              admin::v1::PairingCode* response) override;
  grpc::ServerUnaryReactor* PairNode(grpc::CallbackServerContext* call,
                                     const admin::v1::PairNodeRequest* request,
                                     admin::v1::PairNodeResponse* response) override;
  grpc::ServerUnaryReactor* GetNodes(grpc::CallbackServerContext* call,
                                     const admin::v1::GetNodesRequest* request,
                                     admin::v1::Nodes* response) override;
  grpc::ServerUnaryReactor* RemoveNode(grpc::CallbackServerContext* call,
                                       const admin::v1::RemoveNodeRequest* request,
                                       admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_HIGH_AVAILABILITY_API_H_
