#include "supervisor/admin/events_api.h"

#include <ranges>
#include <vector>

#include "supervisor/admin/stream.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

using EventStream = Stream<v1::Event>;

// Follows until the reader is gone. Runs on the control thread.
asio::awaitable<void> Follow(Events& events, std::shared_ptr<EventStream::Handle> stream,
                             v1::WatchEventsRequest request) {
  const auto wanted = [subject = request.subject()](const v1::Event& event) {
    return subject.empty() || event.subject() == subject;
  };
  std::vector<v1::Event> backlog;
  for (const v1::Event& event : events.all() | std::views::reverse) {
    if (backlog.size() >= std::min<size_t>(request.backlog(), 1'000)) break;
    if (wanted(event)) backlog.push_back(event);
  }
  for (v1::Event& event : backlog | std::views::reverse) stream->Send(std::move(event));
  const auto watch = events.Watch([stream, wanted](const v1::Event& event) {
    if (wanted(event)) stream->Send(event);
  });
  while (stream->alive()) co_await Sleep(std::chrono::seconds(1));
}

}  // namespace

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

grpc::ServerWriteReactor<v1::Event>* EventsApi::WatchEvents(grpc::CallbackServerContext*,
                                                            const v1::WatchEventsRequest* request) {
  auto* stream = new EventStream;
  asio::post(context_.loop, [this, handle = stream->handle(), request = *request] {
    Spawn(context_.loop, Follow(context_.events, handle, request));
  });
  return stream;
}

}  // namespace aloha::supervisor
