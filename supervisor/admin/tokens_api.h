// aloha.admin.v1.Tokens: for automation.
#ifndef ALOHA_SUPERVISOR_ADMIN_TOKENS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_TOKENS_API_H_

#include "admin/v1/users.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class TokensApi final : public admin::v1::Tokens::CallbackService {
 public:
  explicit TokensApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* call,
                                        const admin::v1::CreateTokenRequest* request,
                                        admin::v1::CreateTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* call,
                                       const admin::v1::ListTokensRequest* request,
                                       admin::v1::ListTokensResponse* response) override;
  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* call,
                                        const admin::v1::RevokeTokenRequest* request,
                                        admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_TOKENS_API_H_
