#include "supervisor/admin/events_api.h"

#include <algorithm>
#include <ranges>
#include <vector>

#include "supervisor/admin/serve_stream.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

using EventStream = Stream<v1::Event>;

// Follows until the reader is gone. Runs on the control thread.
asio::awaitable<void> Follow(Events& events, std::shared_ptr<EventStream::Handle> stream,
                             v1::WatchEventsRequest request) {
  for (v1::Event& event : Backlog(events, request.subject(), request.backlog()))
    stream->Send(std::move(event));
  const auto watch = events.Watch([stream, subject = request.subject()](const v1::Event& event) {
    if (subject.empty() || event.subject() == subject) stream->Send(event);
  });
  while (stream->alive()) co_await Sleep(std::chrono::seconds(1));
}

}  // namespace

std::vector<v1::Event> Backlog(const Events& events, const std::string& subject, uint32_t most) {
  constexpr uint32_t kMost = 1'000;
  std::vector<v1::Event> backlog;
  for (const v1::Event& event : events.all() | std::views::reverse) {
    if (backlog.size() >= std::min(most, kMost)) break;
    if (subject.empty() || event.subject() == subject) backlog.push_back(event);
  }
  std::reverse(backlog.begin(), backlog.end());
  return backlog;
}

grpc::ServerUnaryReactor* EventsApi::ListEvents(grpc::CallbackServerContext* call,
                                                const v1::ListEventsRequest* request,
                                                v1::ListEventsResponse* response) {
  return ServeCall(context_, call, CallKind::kRead, "Events/ListEvents",
                   [this, request, response](Caller&) -> asio::awaitable<Result<>> {
                     std::vector<const v1::Event*> events;
                     for (const v1::Event& event : context_.events.all() | std::views::reverse) {
                       if (request->subject().empty() || event.subject() == request->subject()) {
                         events.push_back(&event);
                       }
                     }
                     co_return Page(
                         events, request->page_size(), request->page_token(),
                         response->mutable_next_page_token(),
                         [&](const v1::Event* event) { *response->add_events() = *event; });
                   });
}

grpc::ServerWriteReactor<v1::Event>* EventsApi::WatchEvents(grpc::CallbackServerContext* call,
                                                            const v1::WatchEventsRequest* request) {
  return ServeStream<v1::Event>(context_, call, CallKind::kRead, "Events/WatchEvents",
                                [this, request = *request](auto handle) {
                                  return Follow(context_.events, std::move(handle), request);
                                });
}

grpc::ServerWriteReactor<v1::Live>* EventsApi::WatchAll(grpc::CallbackServerContext* call,
                                                        const v1::WatchAllRequest* request) {
  return ServeStream<v1::Live>(
      context_, call, CallKind::kRead, "Events/WatchAll",
      [this, request = *request](auto handle) { return live_.Follow(std::move(handle), request); });
}

}  // namespace aloha::supervisor
