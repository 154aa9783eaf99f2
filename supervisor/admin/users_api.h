// aloha.admin.v1.Users: accounts of the web interface, and who is signed in.
#ifndef ALOHA_SUPERVISOR_ADMIN_USERS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_USERS_API_H_

#include "admin/v1/users.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class UsersApi final : public admin::v1::Users::CallbackService {
 public:
  explicit UsersApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* SignIn(grpc::CallbackServerContext* call,
                                   const admin::v1::SignInRequest* request,
                                   admin::v1::SignInResponse* response) override;
  grpc::ServerUnaryReactor* SignOut(grpc::CallbackServerContext* call,
                                    const admin::v1::SignOutRequest* request,
                                    admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* GetCaller(grpc::CallbackServerContext* call,
                                      const admin::v1::GetCallerRequest* request,
                                      admin::v1::CallerInfo* response) override;
  grpc::ServerUnaryReactor* SetPassword(grpc::CallbackServerContext* call,
                                        const admin::v1::SetPasswordRequest* request,
                                        admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* CreateUser(grpc::CallbackServerContext* call,
                                       const admin::v1::CreateUserRequest* request,
                                       admin::v1::User* response) override;
  grpc::ServerUnaryReactor* ListUsers(grpc::CallbackServerContext* call,
                                      const admin::v1::ListUsersRequest* request,
                                      admin::v1::ListUsersResponse* response) override;
  grpc::ServerUnaryReactor* UpdateUser(grpc::CallbackServerContext* call,
                                       const admin::v1::UpdateUserRequest* request,
                                       admin::v1::User* response) override;
  grpc::ServerUnaryReactor* DeleteUser(grpc::CallbackServerContext* call,
                                       const admin::v1::DeleteUserRequest* request,
                                       admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* ListSignIns(grpc::CallbackServerContext* call,
                                        const admin::v1::ListSignInsRequest* request,
                                        admin::v1::ListSignInsResponse* response) override;
  grpc::ServerUnaryReactor* RevokeSignIn(grpc::CallbackServerContext* call,
                                         const admin::v1::RevokeSignInRequest* request,
                                         admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* BeginSecondFactor(grpc::CallbackServerContext* call,
                                              const admin::v1::BeginSecondFactorRequest* request,
                                              admin::v1::SecondFactorSecret* response) override;
  grpc::ServerUnaryReactor* ConfirmSecondFactor(
      grpc::CallbackServerContext* call, const admin::v1::ConfirmSecondFactorRequest* request,
      admin::v1::ChangeResponse* response) override;
  grpc::ServerUnaryReactor* RemoveSecondFactor(grpc::CallbackServerContext* call,
                                               const admin::v1::RemoveSecondFactorRequest* request,
                                               admin::v1::ChangeResponse* response) override;

 private:
  Result<> Answer(grpc::CallbackServerContext* call, const SignInOutcome& outcome, Caller& caller,
                  admin::v1::SignInResponse* response);
  void Tell(const Caller& caller, std::string_view user, std::string text,
            admin::v1::ChangeResponse* response = nullptr);

  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_USERS_API_H_
