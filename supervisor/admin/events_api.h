// aloha.admin.v1.Events: what happened, and who did it.
#ifndef ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_

#include "admin/v1/admin.grpc.pb.h"
#include "supervisor/admin/handler.h"

namespace aloha::supervisor {

class EventsApi final : public admin::v1::Events::CallbackService {
 public:
  explicit EventsApi(AdminContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* call,
                                       const admin::v1::ListEventsRequest* request,
                                       admin::v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<admin::v1::Event>* WatchEvents(
      grpc::CallbackServerContext* call, const admin::v1::WatchEventsRequest* request) override;

 private:
  AdminContext& context_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_
