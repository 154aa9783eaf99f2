// Server streams of the management API: rights as for other calls, and an end when the session or
// the token of who reads ends.
#ifndef ALOHA_SUPERVISOR_ADMIN_SERVE_STREAM_H_
#define ALOHA_SUPERVISOR_ADMIN_SERVE_STREAM_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "supervisor/admin/handler.h"
#include "supervisor/admin/stream.h"

namespace aloha::supervisor {

// A stream whose messages do not matter.
struct OpenStream {
  std::function<bool()> alive;
  std::function<void(grpc::Status)> end;
};

// Whether it may begin; what is refused is audited. Then keeps watching who reads it.
Result<> BeginStream(AdminContext& context, CallKind kind, CallSource source, Caller& caller,
                     OpenStream stream);

// `work` is a function of the stream's handle to asio::awaitable<void>, which feeds it until the
// reader is gone. It must not be a coroutine itself: it is gone when that runs.
template <typename Message, typename Work>
grpc::ServerWriteReactor<Message>* ServeStream(AdminContext& context,
                                               grpc::CallbackServerContext* call, CallKind kind,
                                               std::string_view method, Work work) {
  auto* stream = new Stream<Message>;
  asio::post(context.loop, [&context, kind, handle = stream->handle(),
                            source = SourceOf(context, *call), method = std::string(method),
                            work = std::move(work)]() mutable {
    Caller caller{.method = std::move(method)};
    OpenStream open{[handle] { return handle->alive(); },
                    [handle](grpc::Status status) { handle->End(std::move(status)); }};
    const Result<> begun = BeginStream(context, kind, std::move(source), caller, std::move(open));
    if (!begun) return handle->End(ToAdminStatus(begun, caller));
    Spawn(context.loop, work(handle));
  });
  return stream;
}

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_ADMIN_SERVE_STREAM_H_
