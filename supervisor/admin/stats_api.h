// aloha.admin.v1.Stats, Sessions and Persistence: what the proxy counts and holds.
#ifndef ALOHA_SUPERVISOR_ADMIN_STATS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_STATS_API_H_

#include "admin/v1/traffic.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

// Everything counted, now. Without a proxy nothing is.
asio::awaitable<admin::v1::StatsSnapshot> TakeStats(AdminContext& context);

class StatsApi final : public admin::v1::Stats::CallbackService {
 public:
  explicit StatsApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* call,
                                     const admin::v1::GetStatsRequest* request,
                                     admin::v1::StatsSnapshot* response) override;
  grpc::ServerWriteReactor<admin::v1::StatsSnapshot>* WatchStats(
      grpc::CallbackServerContext* call, const admin::v1::WatchStatsRequest* request) override;
  grpc::ServerUnaryReactor* ResetStats(grpc::CallbackServerContext* call,
                                       const admin::v1::ResetStatsRequest* request,
                                       admin::v1::ChangeResponse* response) override;

 private:
  AdminContext& context_;
};

class SessionsApi final : public admin::v1::Sessions::CallbackService {
 public:
  explicit SessionsApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* call,
                                         const admin::v1::ListSessionsRequest* request,
                                         admin::v1::ListSessionsResponse* response) override;
  grpc::ServerUnaryReactor* CloseSession(grpc::CallbackServerContext* call,
                                         const admin::v1::CloseSessionRequest* request,
                                         admin::v1::CloseSessionResponse* response) override;

 private:
  AdminContext& context_;
};

class PersistenceApi final : public admin::v1::Persistence::CallbackService {
 public:
  explicit PersistenceApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListEntries(grpc::CallbackServerContext* call,
                                        const admin::v1::ListEntriesRequest* request,
                                        admin::v1::ListEntriesResponse* response) override;
  grpc::ServerUnaryReactor* ClearEntries(grpc::CallbackServerContext* call,
                                         const admin::v1::ClearEntriesRequest* request,
                                         admin::v1::ClearEntriesResponse* response) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_STATS_API_H_
