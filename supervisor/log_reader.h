// The lines of all processes in one.
#ifndef ALOHA_SUPERVISOR_LOG_READER_H_
#define ALOHA_SUPERVISOR_LOG_READER_H_

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <functional>

#include "admin/v1/admin.pb.h"
#include "supervisor/fleet.h"
#include "workers/runtime/log.h"

namespace aloha::supervisor {

// Where lines come from.
struct LogSources {
  asio::io_context& loop;
  Log& log;  // the supervisor's own
  Fleet& fleet;
};

// Where lines go. All are called on any thread.
struct LogSink {
  std::function<bool(admin::v1::LogLine)> send;  // false: nobody reads any more
  std::function<bool()> alive;
  std::function<uint64_t()> take_dropped;  // lines lost since the last call
};

// Sends the lines of every wanted process, fresh ones too, until the reader is gone; or, without
// `follow`, ends after what is kept.
asio::awaitable<void> FollowLog(LogSources sources, LogSink sink,
                                admin::v1::WatchLogRequest request);

}  // namespace aloha::supervisor

#endif  // ALOHA_SUPERVISOR_LOG_READER_H_
