// aloha.admin.v1.Events: what happened, and who did it.
#ifndef ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_
#define ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_

#include <string>
#include <vector>

#include "admin/v1/admin.pb.h"
#include "admin/v1/events.grpc.pb.h"
#include "supervisor/admin/handler.h"
#include "supervisor/admin/live_feed.h"

namespace aloha::supervisor {

// The newest events of this subject, or of all, oldest first; at most 1,000.
std::vector<admin::v1::Event> Backlog(const Events& events, const std::string& subject,
                                      uint32_t most);

class EventsApi final : public admin::v1::Events::CallbackService {
 public:
  explicit EventsApi(AdminContext& context) : context_(context), live_(context) {}

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* call,
                                       const admin::v1::ListEventsRequest* request,
                                       admin::v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<admin::v1::Event>* WatchEvents(
      grpc::CallbackServerContext* call, const admin::v1::WatchEventsRequest* request) override;
  grpc::ServerWriteReactor<admin::v1::Live>* WatchAll(
      grpc::CallbackServerContext* call, const admin::v1::WatchAllRequest* request) override;

 private:
  AdminContext& context_;
  LiveFeed live_;
};

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_EVENTS_API_H_
