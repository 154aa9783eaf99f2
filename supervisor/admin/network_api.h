// aloha.admin.v1.Network: the machine's own addresses, and what a DHCP client tells of them.
#ifndef ALOHA_SUPERVISOR_ADMIN_NETWORK_API_H_
#define ALOHA_SUPERVISOR_ADMIN_NETWORK_API_H_

#include "admin/v1/network.grpc.pb.h"
#include "config/v1/state.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class NetworkApi final : public admin::v1::Network::CallbackService {
 public:
  explicit NetworkApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetNetwork(grpc::CallbackServerContext* call,
                                       const admin::v1::GetNetworkRequest* request,
                                       admin::v1::NetworkState* response) override;
  grpc::ServerUnaryReactor* ReportLease(grpc::CallbackServerContext* call,
                                        const admin::v1::ReportLeaseRequest* request,
                                        admin::v1::ChangeResponse* response) override;

 private:
  asio::awaitable<Result<>> Report(const admin::v1::ReportLeaseRequest& request, Caller& caller,
                                   admin::v1::ChangeResponse* response);
  asio::awaitable<Result<>> Take(config::v1::NetworkLease lease, Event::Severity severity,
                                 const std::string& text, Caller& caller,
                                 admin::v1::ChangeResponse* response);

  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_NETWORK_API_H_
