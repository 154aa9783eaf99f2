#include "supervisor/admin/logs_api.h"

#include <utility>

#include "supervisor/admin/serve_stream.h"
#include "supervisor/log_reader.h"

namespace aloha::supervisor {
namespace v1 = admin::v1;
namespace {

asio::awaitable<void> Follow(AdminContext& context,
                             std::shared_ptr<Stream<v1::LogLine>::Handle> stream,
                             v1::WatchLogRequest request) {
  LogSink sink{[stream](v1::LogLine line) { return stream->Send(std::move(line)); },
               [stream] { return stream->alive(); }, [stream] { return stream->TakeDropped(); }};
  co_await FollowLog(LogSources{context.loop, context.log, context.fleet}, std::move(sink),
                     std::move(request));
  stream->End(grpc::Status::OK);
}

}  // namespace

grpc::ServerWriteReactor<v1::LogLine>* LogsApi::WatchLog(grpc::CallbackServerContext* call,
                                                         const v1::WatchLogRequest* request) {
  return ServeStream<v1::LogLine>(context_, call, CallKind::kRead, "Logs/WatchLog",
                                  [this, request = *request](auto handle) {
                                    return Follow(context_, std::move(handle), request);
                                  });
}

}  // namespace aloha::supervisor
